/// The texts of one request.
package struct RequestPassages: Sendable, Equatable {
    /// In the order of the body.
    package var passages: [Passage] = []
    package var unseen: Set<UnseenPart> = []
    /// The number of the newest turn of a user's own words; nil where there is
    /// none. Results of tools are no such turn.
    package var newestUserTurn: Int?
    /// The values that can only be withheld as a whole, in the order of the body.
    package internal(set) var wholes: [WholePart] = []

    package init() {}
}

/// A value that can only be withheld as a whole: a note in place of one of its
/// strings would make it one that the API refuses.
package struct WholePart: Sendable, Equatable {
    package var block: Int
    /// The bytes of the value.
    package var range: Range<Int>
    /// The bytes before and after the note; without a note, where the value in
    /// its place has no room for one.
    var opening: String
    var closing: String?
}
