package import Supervision

/// The way to the second stage's model, as its queue sees it.
package protocol WindowEmbedder: Sendable {
    /// True while the model's process answers.
    var isReady: Bool { get }
    /// The reason why the model may never answer, e.g. weights that were not
    /// signed for it; nil while it may.
    var refusal: String? { get }
    /// The vector of a window. Ends within a time of its own.
    func embed(_ text: String) async -> EmbeddingAnswer
}

/// An answer of the second stage's model.
package enum EmbeddingAnswer: Sendable, Hashable {
    case vector(EmbeddingVector)
    /// An answer that is no vector, or a refusal.
    case malformed
    /// The process ended, or doesn't take connections.
    case gone
    /// No answer in time: the process may hang.
    case silent
}
