package import Conversation
package import Wire

extension PassageTables {
    static let answers = ReadingTable(
        .answer, root: "answer",
        [
            "answer": .frame([
                "id": .id, "type": .word, "role": .word, "model": .id, "content": .entry("block"),
                "stop_reason": .word, "stop_sequence": .text, "stop_details": .entry("refusal"),
                "usage": .entry("usage"), "container": .entry("container"),
                "context_management": .entry("applied"), "diagnostics": .entry("diagnostics"),
            ]),
            "refusal": .part([
                "type": .word, "category": .word, "explanation": .text, "recommended_model": .id,
                "fallback_credit_token": .structural(.token),
            ]),
            "usage": .part([
                "service_tier": .word, "inference_geo": .word, "speed": .word, "cache_creation": .entry("counts"),
                "server_tool_use": .entry("counts"), "output_tokens_details": .entry("counts"),
                "iterations": .entry("usage"), "type": .word, "model": .id,
            ]),
            "counts": .part([:]),
            "applied": .frame(["applied_edits": .entry("counts of an edit")]),
            "counts of an edit": .part(["type": .word]),
        ].merging(answerSettings) { first, _ in first }.merging(blocks) { first, _ in first }
            .merging(serverResults) { first, _ in first }.merging(answerTools) { first, _ in first })

    private static var answerSettings: [String: ReadingTable.Entry] {
        requests.entries.filter { ["container", "skill", "diagnostics", "cache mark", "words"].contains($0.key) }
    }

    private static var answerTools: [String: ReadingTable.Entry] {
        requests.entries.filter { ["tool", "tool name", "place", "sources", "sources of a kind"].contains($0.key) }
    }
}

extension AnthropicDialect {
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
        let isRefused = document.root["stop_reason"]?.isString("refusal") == true
        return passages.pieces(
            isRefused: isRefused, category: isRefused ? document.root["stop_details"]?["category"]?.word : nil)
    }

    /// The table by which requests are read.
    package static var requestTable: ReadingTable { PassageTables.requests }
    /// The table by which whole answers are read.
    package static var answerTable: ReadingTable { PassageTables.answers }
}
