package import Conversation
package import Extraction
package import Failures
package import Resilience
package import Routing
import Wire

/// A provider, ready to be asked.
package final class Provider: Sendable {
    package let name: String
    package let dialect: any ProviderProtocol
    package let lane: any ProviderLane
    /// The exact counter of a prompt's tokens, which an engine has; nil where
    /// there is none.
    package let counter: (any TokenCounter)?
    /// The provider's own count of a prompt's tokens; nil where it has none.
    package let tokenCounts: (any TokenCountProvider)?
    /// The embeddings of the provider; where it has none, the reason and what
    /// an operator can do about it.
    package let embeddings: Embeddings
    /// Tells if the provider's models answer chats, and if not, why.
    package let chat: Chat
    /// The address that is connected to: it stands for the machines behind it.
    /// Failures of a host are remembered under it.
    package let host: String
    /// Stands for the key's value without telling it: another key is another
    /// credential.
    package let credential: String
    /// The limit to a stream's first piece that a caller would read, unless
    /// the route says another; nil is none.
    package let firstToken: Duration?
    /// The limit to an answer's first byte, unless the route says another.
    package let firstByte: Duration
    /// The id of what is on record about the weights that answer now; nil for
    /// somebody else's.
    package let receipt: (@Sendable () -> String?)?
    /// True when the provider may be asked for a token without a caller's
    /// request.
    package let mayBeProbed: Bool
    /// The model that Holdfast hosts there, with the limits to its disclosure;
    /// nil for models that others host.
    package var hosted: HostedModel? { hostedNow?() }
    private let hostedNow: (@Sendable () -> HostedModel)?
    /// The vocabulary of its error messages, for the classifier.
    package let errorDialect: String
    /// The secrets that are sent to the provider and that no other reader may
    /// see.
    package let secrets: SecretMask
    /// The choices that the provider's settings leave to callers.
    let choices: CallerChoices
    /// Header fields that its settings set, in lower case: a caller's of the
    /// same name doesn't go along.
    private let pinned: Set<String>

    package enum Embeddings: Sendable {
        case served(any EmbeddingsProvider)
        /// The reason, and what to do: the end of a sentence.
        case none(String)
    }

    package enum Chat: Sendable {
        case served
        /// The reason, and what to do: the end of a sentence.
        case none(String)
    }

    package init(
        name: String, dialect: any ProviderProtocol, lane: any ProviderLane, embeddings: Embeddings,
        chat: Chat = .served, tokenCounts: (any TokenCountProvider)? = nil, counter: (any TokenCounter)? = nil,
        host: String? = nil, credential: String? = nil,
        firstToken: Duration? = nil, firstByte: Duration = .seconds(300), mayBeProbed: Bool = true,
        receipt: (@Sendable () -> String?)? = nil, secrets: SecretMask = .none,
        choices: CallerChoices = [], pinned: Set<String> = [],
        hosted: (@Sendable () -> HostedModel)? = nil
    ) {
        self.name = name
        self.dialect = dialect
        self.lane = lane
        self.tokenCounts = tokenCounts
        self.counter = counter
        self.embeddings = embeddings
        self.chat = chat
        self.host = host ?? name
        self.credential = credential ?? name
        self.firstToken = firstToken
        self.firstByte = firstByte
        self.mayBeProbed = mayBeProbed
        self.receipt = receipt
        self.secrets = secrets
        self.choices = choices
        self.pinned = pinned
        hostedNow = hosted
        errorDialect = dialect.errorVocabulary.rawValue
    }

    /// Returns the place under which failures of this model are remembered.
    package func place(of model: String) -> Place {
        Place(provider: name, host: host, credential: credential, model: model)
    }

    /// A caller's fields, without those that its settings say themselves or
    /// leave to nobody.
    func admit(_ fields: HTTPFieldList, dropped: inout [String]) -> HTTPFieldList {
        guard fields.fields.contains(where: { !mayPass($0.name) }) else { return fields }
        var admitted = fields
        admitted.fields.removeAll { !mayPass($0.name) }
        dropped += fields.fields.map(\.name).filter { !mayPass($0) }
        return admitted
    }

    private func mayPass(_ field: String) -> Bool {
        choices.isSuperset(of: CallerChoices.ofField(field)) && !pinned.contains(field)
    }

    /// Returns whether the caller's bytes can be sent to this provider as they
    /// are.
    func takesBytes(of door: any CallerProtocol) -> Bool { dialect.name == door.name }
}

/// Counts a prompt's tokens by asking the model's own tokenizer.
package protocol TokenCounter: Sendable {
    /// - Throws: ``CannotCarry``, ``LaneFailure``, ``ProviderError`` or
    ///   `CancellationError`.
    func count(
        _ request: ChatRequest, model: String, on executor: EventLoopTaskExecutor
    ) async throws -> Int
}
