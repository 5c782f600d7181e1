package import Conversation

/// One window of text for the second stage.
///
/// Windows are cut per block, from the block's start, so that the window of a
/// text is the same wherever the block stands in a conversation. Scores of one
/// can be kept under a hash of scope and text.
package struct JudgedWindow: Sendable, Hashable, Identifiable {
    /// The most characters (Unicode scalars) of a window.
    package static let length = 384

    /// The number of the window in its request or answer, from 0.
    package var id: Int
    package var block: Int
    package var scope: PassageScope
    /// The place of the block in the request; nil in an answer.
    package var path: String?
    package var text: String
    /// The scores that the first stage gave it.
    package var first: HeadScores
}
