/// A difference between the text that a person sees and the text that a model
/// reads.
///
/// Marks that honest writing needs are none: joiners of Persian and of Indic
/// scripts, emoji sequences, direction marks in Arabic and Hebrew, soft
/// hyphens, a byte order mark at the start.
package struct HiddenText: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Tag characters (U+E0000 and on) outside the flag of a region.
        case tags
        /// Variation selectors that vary nothing: more than one in a row, or
        /// behind a letter that has no variants.
        case variationSelectors = "variation selectors"
        /// Overrides of direction; embeddings and isolates that are left open,
        /// or stand in a line without any letter that runs from right to left.
        case bidiControls = "bidi controls"
        /// Characters without a width inside a word, or four and more in a row.
        case zeroWidth = "zero width"
        /// A comment, or a passage with a hiding style, with encoded words.
        case encodedComment = "encoded comment"
    }

    package var kind: Kind
    /// The bytes of the original, as UTF-8.
    package var range: Range<Int>

    package init(_ kind: Kind, range: Range<Int>) {
        self.kind = kind
        self.range = range
    }
}

/// A literal of a model's chat template, or words that look like the start of
/// another's turn. Honest text may have them, where it is about models.
package struct RoleMarker: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// `<|im_start|>`, `[INST]`, `<start_of_turn>` and their like: a
        /// tokenizer may read them as control tokens.
        case template
        /// `### System:`, or `Human:` behind an empty line.
        case heading
    }

    package var kind: Kind
    /// The bytes of the original, as UTF-8. For an encoded marker, those of
    /// the whole text.
    package var range: Range<Int>

    package init(_ kind: Kind, range: Range<Int>) {
        self.kind = kind
        self.range = range
    }
}
