extension RequestPassages {
    /// The pieces of a whole answer, as a reader of its stream would find them.
    ///
    /// A block ends where the next begins, and texts of one block stand on
    /// lines of their own: a tool call is its name and, below it, what
    /// ``PassageText`` reads of its arguments.
    /// - Parameters:
    ///   - isRefused: True where the provider says that it refuses.
    ///   - category: The provider's word for the reason.
    package func pieces(isRefused: Bool, category: String?) -> [AnswerPiece] {
        var pieces: [AnswerPiece] = []
        var number = -1
        var previous: Passage?
        for passage in passages {
            if let previous, previous.block == passage.block, previous.scope == passage.scope {
                pieces.append(.text(block: number, passage.scope, "\n" + passage.text))
            } else {
                if number >= 0 { pieces.append(.blockEnded(number)) }
                number += 1
                pieces.append(.text(block: number, passage.scope, passage.text))
            }
            previous = passage
        }
        if number >= 0 { pieces.append(.blockEnded(number)) }
        for part in UnseenPart.allCases where unseen.contains(part) { pieces.append(.unseen(part)) }
        if isRefused { pieces.append(.refused(category: category)) }
        pieces.append(.ended)
        return pieces
    }
}
