/// One window of text that the second stage's heads are trained or measured
/// on.
package struct LabelledWindow: Sendable, Hashable {
    /// The kind of its text: a head's name, or `benign` or `tools`.
    package var kind: String
    package var isPositive: Bool
    /// Texts of one source are held back together.
    package var source: String
    /// The text that it was cut from.
    package var group: String
    /// In the folded form of ``View``.
    package var text: String

    package init(kind: String, isPositive: Bool, source: String, group: String, text: String) {
        self.kind = kind
        self.isPositive = isPositive
        self.source = source
        self.group = group
        self.text = text
    }
}
