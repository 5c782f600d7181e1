package import Conversation
package import Wire

extension PassageTables {
    static let answers = ReadingTable(
        .answer, root: "answer",
        [
            "answer": .frame([
                "id": .id, "object": .word, "model": .id, "choices": .entry("choice"), "usage": .entry("usage"),
                "system_fingerprint": .id, "service_tier": .word, "provider": .text,
            ]),
            "choice": .frame([
                "finish_reason": .word, "native_finish_reason": .word, "stop_reason": .text, "logprobs": .tokens,
                "message": .entry("turn"), "text": .text,
            ]),
            "usage": .part([
                "prompt_tokens_details": .entry("counts"), "completion_tokens_details": .entry("counts"),
                "cost_details": .entry("counts"), "server_tool_use": .entry("counts"),
            ]),
            "counts": .part([:]),
            "words": .part(["type": .word, "ttl": .word, "mode": .word]),
        ].merging(messages) { first, _ in first })
}

extension OpenAIDialect {
    package func passages(of document: JSONDocument, at path: CalledPath) throws(APIProblem) -> RequestPassages {
        try PassageReader.passages(of: document, by: PassageTables.requests)
    }

    package func pieces(ofAnswer document: JSONDocument) throws(UnreadableReply) -> [AnswerPiece] {
        guard document.root.kind == .object else { throw UnreadableReply("the answer is not a JSON object") }
        let passages: RequestPassages
        do throws(APIProblem) {
            passages = try PassageReader.passages(ofAnswer: document, by: PassageTables.answers)
        } catch {
            throw UnreadableReply("the answer can't be judged (\(error.code ?? "unknown"))")
        }
        let isRefused =
            document.root["choices"]?.elements.contains {
                $0["finish_reason"]?.isString("content_filter") == true
            } ?? false
        return passages.pieces(isRefused: isRefused, category: nil)
    }

    /// The table by which requests are read.
    package static var requestTable: ReadingTable { PassageTables.requests }
    /// The table by which whole answers are read.
    package static var answerTable: ReadingTable { PassageTables.answers }
}
