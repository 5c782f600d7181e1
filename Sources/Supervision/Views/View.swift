/// One reading of a text, made for detectors and never shown to a model.
package struct View: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// The whole text, folded.
        case plain
        /// The passages in which something was decoded (entities, percent and
        /// backslash escapes, base 64, hexadecimal digits), with some text
        /// around them. Depth 2 was encoded twice.
        case decoded(depth: Int)
        /// The passages in which single letters stood apart (`i g n o r e`),
        /// joined. Where one space parts letters and words alike, the words
        /// are joined too: literals are compared without spaces here.
        case joined
        /// One passage that a reader of the page would not see.
        case unseen(Unseen)
    }

    /// The way in which a passage is kept from a reader's eyes.
    package enum Unseen: String, Sendable, Hashable, CaseIterable {
        /// `<!-- … -->`, or `[//]: # (…)`.
        case comment
        /// An element whose inline style hides its text.
        case style
    }

    package var kind: Kind
    /// UTF-8 in the folded form: NFKC, case folded, look-alikes of Latin
    /// letters replaced by them, each run of white space one space, none at
    /// the ends.
    package var text: [UInt8]
    /// The bytes of the original that the view was made of; the whole text for
    /// views of more than one passage.
    package var range: Range<Int>

    package init(_ kind: Kind, text: [UInt8], range: Range<Int>) {
        self.kind = kind
        self.text = text
        self.range = range
    }

    /// The view's text in pieces for a detector with a short memory.
    package var windows: [TextWindow] { TextWindow.all(of: text) }
}
