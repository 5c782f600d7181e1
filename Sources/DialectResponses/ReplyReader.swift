import Conversation
import DialectOpenAI
import NIOCore
import Wire

/// Reads a whole response, known members only.
///
/// https://platform.openai.com/docs/api-reference/responses/object
enum ReplyReader {
    static func read(_ body: ByteBuffer) throws(UnreadableReply) -> ChatReply {
        let root: JSONView
        do {
            root = try JSONDocument(body).root
        } catch {
            throw UnreadableReply("the answer is not JSON, at byte \(error.offset)")
        }
        guard root.kind == .object else { throw UnreadableReply("the answer is not a JSON object") }
        if let error = root["error"], !error.saysNothing, error.kind != .false {
            throw UnreadableReply("the answer holds an error in place of what was asked for")
        }
        return try read(response: root)
    }

    /// - Parameter response: A whole answer, or the `response` of an event.
    static func read(response: JSONView) throws(UnreadableReply) -> ChatReply {
        guard let output = response["output"], output.kind == .array else {
            throw UnreadableReply("the answer has no `output`")
        }
        var choice = ChatReply.Choice(content: [], finish: nil)
        for item in output.elements { try read(item, into: &choice) }
        choice.finish = try finish(of: response, choice.content)
        var reply = ChatReply(
            id: response["id"]?.string ?? "", model: response["model"]?.string ?? "",
            created: response["created_at"]?.double.flatMap { Int(exactly: $0.rounded(.down)) }, choices: [choice])
        // What can't be counted is estimated; the answer is one all the same.
        if let usage = response["usage"], !usage.isNull { reply.usage = try? Usage(responses: usage) }
        reply.serviceTier = response["service_tier"]?.string
        return reply
    }

    private static func read(_ item: JSONView, into choice: inout ChatReply.Choice) throws(UnreadableReply) {
        switch ItemKind(item) {
        case .message:
            for part in item["content"]?.elements ?? item.elements {
                if part["type"]?.isString("output_text") == true {
                    if let text = part["text"]?.string, !text.isEmpty { choice.content.append(.text(text)) }
                    if let tokens = part["logprobs"], !tokens.saysNothing {
                        choice.logprobs = (choice.logprobs ?? []) + (try TokenLogprob.readTokens(tokens))
                    }
                } else if let words = part["refusal"]?.string, !words.isEmpty {
                    choice.content.append(.refusal(words))
                }
            }
        case .reasoning:
            let text = ItemKind.reasoning(in: item)
            if !text.isEmpty { choice.content.append(.thinking(text: text, signature: nil)) }
        case .functionCall, .customCall, .searchCall: choice.content.append(.toolCall(try call(in: item)))
        // What a provider's own tools did.
        case .other: break
        }
    }

    private static func call(in item: JSONView) throws(UnreadableReply) -> ToolCall {
        guard let name = ItemKind.calledName(in: item) else {
            throw UnreadableReply("a call in the answer names no function")
        }
        let id = item["call_id"]?.string ?? item["id"]?.string ?? ""
        var arguments = ItemKind.arguments(in: item)
        if ItemKind(item) == .customCall {
            var json = JSONWriter()
            json.object { $0.member("input", item["input"]?.string ?? "") }
            arguments = String(buffer: json.buffer)
        }
        return ToolCall(id: id, name: name, arguments: arguments)
    }

    /// - Parameter content: The answer's parts.
    static func finish(of response: JSONView, _ content: [Part]) throws(UnreadableReply) -> FinishReason {
        guard let status = response["status"], !status.isNull else { return ended(content) }
        if status.isString("completed") { return ended(content) }
        guard status.isString("incomplete") else {
            throw UnreadableReply("the answer is neither completed nor incomplete")
        }
        let reason = incomplete(response)
        if reason.saysError { throw .endedWithError }
        return reason
    }

    private static func ended(_ content: [Part]) -> FinishReason {
        ended(callsTools: content.contains { if case .toolCall = $0 { true } else { false } })
    }

    /// A refusal is told apart by its words.
    static func ended(callsTools: Bool) -> FinishReason { callsTools ? .toolCalls : .endTurn }

    static func incomplete(_ response: JSONView) -> FinishReason {
        switch response["incomplete_details"]?["reason"]?.word {
        case "max_output_tokens", "max_tokens": .length
        case "content_filter": .contentFilter
        case let word?: .other(word)
        case nil: .length
        }
    }
}

/// The kind of an item in an answer, as far as the shared terms know it.
enum ItemKind {
    case message, reasoning, functionCall, customCall
    /// A search among tools that the caller makes itself.
    case searchCall
    case other

    init(_ item: JSONView) {
        switch item["type"]?.word {
        case "message": self = .message
        case "reasoning": self = .reasoning
        case "function_call": self = .functionCall
        case "custom_tool_call": self = .customCall
        case "tool_search_call" where item["execution"]?.isString("client") == true: self = .searchCall
        default: self = .other
        }
    }

    /// Returns the name of the function that stands for the tool that a call names,
    /// as requests are read (``OfferedTools``); nil where it names none.
    static func calledName(in item: JSONView) -> String? {
        if ItemKind(item) == .searchCall { return RequestReader.search.name }
        guard let name = item["name"]?.string, !name.isEmpty else { return nil }
        return OfferedTools.Key(namespace: item["namespace"]?.string, name: name).wanted
    }

    /// Returns a call's arguments as text; a search has an object in their place.
    static func arguments(in item: JSONView) -> String {
        item["arguments"].map { $0.string ?? ($0.isNull ? "" : $0.fragment.text) } ?? ""
    }

    /// Returns the summary of an item's reasoning, or, where it has none, the
    /// reasoning itself.
    static func reasoning(in item: JSONView) -> String {
        for name in ["summary", "content"] as [StaticString] {
            guard let parts = item[name] else { continue }
            let text = parts.elements.compactMap { $0["text"]?.string }.joined(separator: "\n\n")
            if !text.isEmpty { return text }
        }
        return ""
    }
}
