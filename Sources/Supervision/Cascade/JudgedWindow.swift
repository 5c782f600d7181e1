package import Conversation

/// One window of text for the second stage.
///
/// Windows are cut per block, from the block's start (``TextWindow``), so that
/// the windows of a text are the same wherever the block stands in a
/// conversation. Scores of one can be kept under a hash of scope and text.
package struct JudgedWindow: Sendable, Hashable, Identifiable {
    /// The number of the window in its request or answer, from 0.
    package var id: Int
    package var block: Int
    package var scope: PassageScope
    /// The place of the block in the request; nil in an answer.
    package var path: String?
    /// The text in the folded form of ``View``.
    package var text: String
    /// The scores that the first stage gave it.
    package var first: RelativeScores
}
