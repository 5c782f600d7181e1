package import Conversation

/// A provider, ready to be asked.
package final class Provider: Sendable {
    package let name: String
    package let dialect: any Dialect
    package let lane: any ProviderLane
    /// How an engine counts a prompt's tokens exactly; nil where it can't.
    package let counter: (any TokenCounter)?
    /// Where embeddings are asked for below the base address; nil where the
    /// provider has none, with what an operator can do about it.
    package let embeddings: Embeddings

    package enum Embeddings: Sendable {
        case path(String)
        /// Why not, and what to do: the end of a sentence.
        case none(String)
    }

    package init(
        name: String, dialect: any Dialect, lane: any ProviderLane, embeddings: Embeddings,
        counter: (any TokenCounter)? = nil
    ) {
        self.name = name
        self.dialect = dialect
        self.lane = lane
        self.counter = counter
        self.embeddings = embeddings
    }

    /// Whether a caller's bytes can go there as they are.
    func takesBytes(of door: any Dialect) -> Bool { dialect.name == door.name }
}

/// Counts a prompt's tokens by asking the model's own tokenizer.
package protocol TokenCounter: Sendable {
    /// - Throws: ``CannotCarry``, ``LaneFailure``, ``ProviderError`` or
    ///   `CancellationError`.
    func count(
        _ request: ChatRequest, model: String, on executor: EventLoopTaskExecutor
    ) async throws -> Int
}
