import Conversation
import NIOCore
import Resilience
import Wire

/// A request on its way out, and how its answer comes back.
/// An object for the same reason as ``RequestRecord``.
final class Outgoing {
    enum Kind {
        case request(LaneRequest)
        // Rare and large: kept out of what every request carries along.
        indirect case count(any TokenCountCaller, ChatRequest, any TokenCounter)
        indirect case estimate(any TokenCountCaller, ChatRequest)
    }

    enum Translation {
        /// The answer's bytes are the caller's own dialect.
        case none
        case chat(ChatRequest)
        indirect case embeddings(EmbeddingsRequest, from: any EmbeddingsProvider, to: any EmbeddingsCaller)
        /// The answer goes on where another candidate left off.
        case continuation(Resumed)
    }

    let kind: Kind
    let translation: Translation
    let dropped: [String]

    /// The caller's own request, where it is a chat's and has been read.
    var chat: ChatRequest? {
        switch translation {
        case .chat(let request): request
        case .continuation(let resumed): resumed.request
        case .none, .embeddings: nil
        }
    }

    init(kind: Kind, translation: Translation, dropped: [String]) {
        self.kind = kind
        self.translation = translation
        self.dropped = dropped
    }
}

/// A candidate that can carry the request, and the request as it wants it.
final class PreparedAttempt {
    let outgoing: Outgoing
    let upstream: Upstream
    let provider: Provider
    let place: Target

    init(_ outgoing: Outgoing, _ upstream: Upstream, _ provider: Provider, _ place: Target) {
        self.outgoing = outgoing
        self.upstream = upstream
        self.provider = provider
        self.place = place
    }
}
