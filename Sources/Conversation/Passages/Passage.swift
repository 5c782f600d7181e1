/// One text of a request that a supervisor judges.
///
/// Every string of a request is either structural (ids, words of an enum,
/// signatures, the data of images) by the dialect's table, or part of a
/// passage: no text that a model might read is left out.
package struct Passage: Sendable, Equatable {
    /// The form of the value that the passage was read from, and which a note
    /// takes when it stands in its place.
    package enum Form: Sendable, Hashable {
        case string
        /// An object of any members, as a tool call's arguments are: its names
        /// and strings are the passage's text, one a line.
        case object
        /// An array of any elements, read like an object.
        case list
        /// JSON in a string, read like the object in it.
        case arguments
        /// A JSON Schema: its text is all that its author has worded.
        case schema
        /// Examples for a schema, read like a list.
        case examples
        /// A member of an object, read like an object, because even its name is
        /// a text; the note's member gets the name that is given here.
        case member(String)
        /// A string that has to be of a certain form, so that no note can stand
        /// in its place.
        case fixed
    }

    package var scope: PassageScope
    /// The number of the message that holds it, from 0; nil outside messages.
    package var turn: Int?
    /// The number of its block: passages of one part of a message (the texts of
    /// one tool result) have the same number, and are withheld together.
    package var block: Int
    /// The text as a model would read it, without JSON's escapes.
    package var text: String
    /// The place in the request, e.g. `messages.3.content.0.text`.
    package var path: String
    /// The bytes of the value in the body, with its quotation marks.
    package var range: Range<Int>
    package var form: Form

    package init(
        _ scope: PassageScope, turn: Int? = nil, block: Int, text: String, path: String, range: Range<Int>,
        form: Form = .string
    ) {
        self.scope = scope
        self.turn = turn
        self.block = block
        self.text = text
        self.path = path
        self.range = range
        self.form = form
    }
}

/// A part of an exchange that no supervisor of texts can read.
package enum UnseenPart: String, Sendable, Hashable, CaseIterable {
    case image, audio, file
    /// Reasoning that only its maker can read.
    case encryptedThinking = "encrypted thinking"
    /// A result that only its maker can read.
    case encryptedResult = "encrypted result"
    /// A text that stands elsewhere, at an address or under an id.
    case reference
}
