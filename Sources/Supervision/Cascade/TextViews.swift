/// One reading of a text, for judging only.
struct TextView: Sendable, Hashable {
    var text: String
    /// True where the reading has no spaces between its words.
    var isCompact = false
    /// True where the reading is of something that the text encodes.
    var isDecoded = false
}

/// All readings of a text, and the finding that a part of it is hidden.
struct TextViews: Sendable {
    /// The first is the plainest: the text as a person reads it.
    var views: [TextView]
    /// True where the text has a part that people don't see and models read.
    var hides = false

    init(of text: String) {
        views = [TextView(text: text)]
    }

    /// A literal as it stands in the views: in its own spelling and folded.
    static func spellings(of literal: String) -> [String] { [literal, literal.lowercased()] }
}
