/// A dialect's table: the reading of every value of a request, or of an answer.
///
/// All that no row names is judged: a member that the table doesn't know, and a
/// value of another kind than its row expects. So a table can only say which
/// strings are *not* texts, what scope the others have, and the form that a
/// note has to take in their place.
package struct ReadingTable: Sendable {
    /// The scope of what stands in no row, and of rows that say none.
    package var scope: PassageScope
    /// The entry of the whole text.
    package var root: String
    package var entries: [String: Entry]
    /// Paths of members that define a name, by which calls refer to it.
    package var definitions: [[String]]

    package init(_ scope: PassageScope, root: String, definitions: [[String]] = [], _ entries: [String: Entry]) {
        self.scope = scope
        self.root = root
        self.definitions = definitions
        self.entries = entries
    }

    /// The rows for one kind of object.
    package enum Entry: Sendable {
        /// One part: its texts are withheld together.
        case part([String: Reading])
        /// A frame around parts: each of its members is a part of its own.
        case frame([String: Reading])
        /// Objects that differ by the word in one of their members.
        case choice(by: String, [String: Reading], otherwise: Reading)
    }
}

/// The reading of one value: a row of a dialect's table.
package indirect enum Reading: Sendable {
    /// Judged, whatever it is: a string as it is, an object or an array with
    /// all names and strings within.
    case text
    /// A string of that form is no text; any other is judged. Of an array, each
    /// element.
    case structural(StringForm)
    /// As ``structural(_:)``, and stands for a part that can't be read.
    case unseen(UnseenPart, StringForm)
    /// A string that is judged, but must keep its form: a tool's name.
    case fixed
    /// The name of something that the request defines; any other is ``fixed``.
    case named
    /// An object whose names are of that form and whose values are no texts.
    case keys(StringForm)
    /// A JSON Schema.
    case schema
    /// Values that a schema has to let pass, so that a note can't be one.
    case examples
    /// JSON in a string.
    case arguments
    /// Single tokens of an answer, with alternatives.
    case tokens
    /// An object of the entry of that name, or an array of them; a string in
    /// its place is a text.
    case entry(String)
    /// Strings by the first, everything else by the second.
    case either(Reading, Reading)
    /// An array in which each element is a turn.
    case turns(Reading)
    case scoped(PassageScope, Reading)
    /// A value that can only be withheld as a whole.
    /// - Parameter if: A member without which its strings can be replaced one by
    ///   one; nil where they never can.
    case whole(WholeNote, if: String?, Reading)

    package static let word = Reading.structural(.word)
    package static let id = Reading.structural(.id)
}

/// The value that stands for one that is withheld as a whole.
package enum WholeNote: Sendable, Hashable {
    /// `{"type": TYPE, "text": NOTE}`, with the cache mark of what it replaces.
    case textPart(String)
    /// `{"type": "message", "role": "assistant", "content": NOTE}`, for an item of
    /// a model's.
    case message
    /// A part of the type `text`.
    package static let textPart = WholeNote.textPart("text")
    /// `{"text": NOTE}`
    case bareText
    /// `{"type": TYPE, "error_code": "unavailable"}`, which has no place for a
    /// note.
    case error(String)
}
