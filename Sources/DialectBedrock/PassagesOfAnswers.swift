package import Conversation
package import NIOCore
package import Wire

extension PassageTables {
    static let answers = ReadingTable(
        .answer, root: "answer",
        [
            "answer": .frame([
                "output": .entry("output"), "stopReason": .word, "usage": .entry("usage"), "metrics": .entry("counts"),
                "additionalModelResponseFields": .entry("model fields"), "trace": .text,
                "performanceConfig": .entry("words"), "serviceTier": .entry("words"),
            ]),
            "output": .frame(["message": .entry("turn")]),
            "turn": .frame(["role": .word, "content": .entry("block")]),
            "usage": .part(["cacheDetails": .entry("words")]),
            "counts": .part([:]),
            "model fields": .frame(["holdfast": .entry("hand-overs")]),
            "hand-overs": .part(["continued": .entry("hand-over")]),
            "hand-over": .part(["by": .id, "cause": .word]),
            "words": .part(["type": .word, "ttl": .word, "latency": .word]),
        ].merging(blocks) { first, _ in first })
}

/// The part of the supervisor's reading that stands on tables.
extension ConverseDialect {
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
        let word = document.root["stopReason"]?.word ?? ""
        return passages.pieces(isRefused: ConverseRefusal.words.contains(word), category: nil)
    }

    package func makeAnswerReader() -> any AnswerReader { ConverseEventReader() }

    package func encodeBlockedReply(_ refusal: AnswerRefusal, inPlaceOf withheld: JSONDocument?) -> ByteBuffer {
        ConverseRefusal.reply(refusal, inPlaceOf: withheld?.root)
    }

    /// The table by which requests are read.
    package static var requestTable: ReadingTable { PassageTables.requests }
    /// The table by which whole answers are read.
    package static var answerTable: ReadingTable { PassageTables.answers }
}
