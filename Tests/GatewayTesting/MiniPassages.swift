package import Conversation
package import Wire

/// The texts of ``MiniDialect``: what another dialect has to bring, as a table.
extension MiniDialect {
    package func passages(of document: JSONDocument, at path: CalledPath) throws(APIProblem) -> RequestPassages {
        try PassageReader.passages(of: document, by: Self.requests)
    }

    package func pieces(ofAnswer document: JSONDocument) throws(UnreadableReply) -> [AnswerPiece] {
        do throws(APIProblem) {
            return try PassageReader.passages(ofAnswer: document, by: Self.answers)
                .pieces(isRefused: document.root["refused"]?.bool == true, category: nil)
        } catch {
            throw UnreadableReply("the answer can't be judged")
        }
    }

    private static let requests = ReadingTable(
        .user, root: "request",
        [
            "request": .frame(["say": .turns(.entry("turn"))]),
            "turn": .frame(["me": .scoped(.user, .text), "you": .scoped(.answer, .text)]),
        ])

    private static let answers = ReadingTable(
        .answer, root: "answer", ["answer": .frame(["words": .text, "usage": .entry("counts")]), "counts": .part([:])])
}
