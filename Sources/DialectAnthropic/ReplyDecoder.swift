import Conversation
import NIOCore
import Wire

/// Reads the answer to `POST /v1/messages`.
enum ReplyDecoder {
    static func decode(_ body: ByteBuffer) throws(UnreadableReply) -> ChatReply {
        let document: JSONDocument
        do throws(JSONProblem) {
            document = try JSONDocument(body)
        } catch {
            throw UnreadableReply("the answer is not JSON: \(error)")
        }
        let root = document.root
        guard root.kind == .object else { throw UnreadableReply("the answer is not a JSON object") }
        guard let blocks = root["content"], blocks.kind == .array else {
            throw UnreadableReply("the answer has no content")
        }
        var content: [Part] = []
        for block in blocks.elements {
            if let part = try part(block) { content.append(part) }
        }
        let finish = root["stop_reason"]?.string.map(StopReason.decode)
        if finish?.saysError == true { throw .endedWithError }
        let choice = ChatReply.Choice(
            content: content, finish: finish,
            stopSequence: root["stop_sequence"]?.string)
        var reply = ChatReply(id: root["id"]?.string ?? "", model: root["model"]?.string ?? "", choices: [choice])
        if let usage = root["usage"] {
            var tally = UsageTally()
            tally.merge(usage)
            if !tally.isEmpty { reply.usage = tally.usage }
            reply.serviceTier = usage["service_tier"]?.string
        }
        return reply
    }

    /// Nil for a block of a kind that no shared request can lead to: what
    /// Anthropic's own tools did.
    private static func part(_ block: JSONView) throws(UnreadableReply) -> Part? {
        guard let type = block["type"] else { throw UnreadableReply("a content block has no type") }
        if type.isString("text") {
            guard let text = block["text"]?.string else { throw UnreadableReply("a text block has no text") }
            return .text(text)
        }
        if type.isString("tool_use") {
            guard let id = block["id"]?.string, let name = block["name"]?.string, !name.isEmpty,
                let input = block["input"],
                input.kind == .object
            else { throw UnreadableReply("a tool_use block lacks its id, name or input") }
            return .toolCall(ToolCall(id: id, name: name, arguments: input.fragment.text))
        }
        if type.isString("thinking") {
            guard let text = block["thinking"]?.string else {
                throw UnreadableReply("a thinking block has no thinking")
            }
            let signature = block["signature"]?.string.flatMap { $0.isEmpty ? nil : $0 }
            return .thinking(text: text, signature: signature)
        }
        if type.isString("redacted_thinking") {
            guard let data = block["data"]?.string else {
                throw UnreadableReply("a redacted_thinking block has no data")
            }
            return .redactedThinking(data)
        }
        return nil
    }
}
