import Conversation
import NIOCore
import Wire

/// Reads the answer of Converse.
enum ConverseReplyReader {
    static func read(_ body: ByteBuffer) throws(UnreadableReply) -> ChatReply {
        let document: JSONDocument
        do throws(JSONProblem) {
            document = try JSONDocument(body)
        } catch {
            throw UnreadableReply("the answer is not JSON: \(error)")
        }
        let root = document.root
        guard root.kind == .object else { throw UnreadableReply("the answer is not a JSON object") }
        guard let blocks = root["output"]?["message"]?["content"], blocks.kind == .array else {
            throw UnreadableReply("the answer has no output.message.content")
        }
        var content: [Part] = []
        for block in blocks.elements { try read(block, into: &content) }
        let finish = root["stopReason"]?.string.map(ConverseFinish.read)
        if finish?.saysError == true { throw UnreadableReply.endedWithError }
        let choice = ChatReply.Choice(
            content: content, finish: finish,
            stopSequence: ConverseFinish.stopSequence(root))
        var reply = ChatReply(id: "", model: "", choices: [choice])
        reply.usage = root["usage"].flatMap(ConverseUsage.read)
        reply.serviceTier = root["serviceTier"]?["type"]?.string
        return reply
    }

    /// Passes over a block of a kind that no shared request can lead to.
    private static func read(_ block: JSONView, into content: inout [Part]) throws(UnreadableReply) {
        guard block.kind == .object else { throw UnreadableReply("a content block is not an object") }
        if let said = block["text"] {
            guard let text = said.string else { throw UnreadableReply("a text block has no text") }
            content.append(.text(text))
        } else if let call = block["toolUse"] {
            // A tool that Bedrock runs itself is no call to the caller.
            guard call["type"]?.isString("server_tool_use") != true else { return }
            guard let id = call["toolUseId"]?.string, let name = call["name"]?.string, !name.isEmpty,
                let input = call["input"]
            else {
                throw UnreadableReply("a toolUse block lacks its toolUseId, name or input")
            }
            content.append(.toolCall(ToolCall(id: id, name: name, arguments: input.fragment.text)))
        } else if let reasoning = block["reasoningContent"] {
            if let data = reasoning["redactedContent"]?.string {
                return content.append(.redactedThinking(OpaqueBlob.read(data)))
            }
            guard let text = reasoning["reasoningText"]?["text"]?.string else {
                throw UnreadableReply("a reasoningContent block has no text")
            }
            let signature = reasoning["reasoningText"]?["signature"]?.string.flatMap { $0.isEmpty ? nil : $0 }
            content.append(.thinking(text: text, signature: signature))
        } else if let cited = block["citationsContent"]?["content"] {
            // The words of the answer, between which its sources stand.
            for piece in cited.elements { if let text = piece["text"]?.string { content.append(.text(text)) } }
        }
    }
}
