package import Conversation
package import Extraction
package import Failures
package import Resilience
package import Routing
import Wire

/// A provider, ready to be asked.
package final class Provider: Sendable {
    package let name: String
    /// The API in which Holdfast's own requests are written, and those of
    /// callers of any API that the provider doesn't speak itself.
    package let dialect: any ProviderProtocol
    /// Further APIs that the provider speaks: callers of one of them have
    /// their bytes passed through. Most providers have none.
    package let furtherDialects: [any ProviderProtocol]
    package let lane: any ProviderLane
    package let abilities: ProviderAbilities
    /// The address that is connected to: it stands for the machines behind it.
    /// Failures of a host are remembered under it.
    package let host: String
    /// Stands for the key's value without telling it: another key is another
    /// credential.
    package let credential: String
    /// The vocabulary of its error messages, for the classifier.
    package let errorDialect: String
    private let terms: ProviderTerms

    package init(
        name: String, dialect: any ProviderProtocol, furtherDialects: [any ProviderProtocol] = [],
        lane: any ProviderLane, abilities: ProviderAbilities, terms: ProviderTerms = ProviderTerms()
    ) {
        self.name = name
        self.dialect = dialect
        self.furtherDialects = furtherDialects
        self.lane = lane
        self.abilities = abilities
        self.terms = terms
        host = terms.host ?? name
        credential = terms.credential ?? name
        errorDialect = dialect.errorVocabulary.rawValue
    }

    /// The limit to a stream's first piece that a caller would read, unless
    /// the route says another; nil is none.
    package var firstToken: Duration? { terms.firstToken }
    /// The limit to an answer's first byte, unless the route says another.
    package var firstByte: Duration { terms.firstByte }
    /// True when the provider may be asked for a token without a caller's
    /// request.
    package var mayBeProbed: Bool { terms.mayBeProbed && !terms.usesCallersCredential }
    /// True when it is asked with a credential of the caller's own. Nothing is
    /// then asked of it without a caller, and nothing that it says is remembered
    /// but under that credential (``CallerCredentials``).
    package var usesCallersCredential: Bool { terms.usesCallersCredential }
    /// The secrets that are sent to the provider and that no other reader may
    /// see.
    package var secrets: SecretMask { terms.secrets }
    /// The choices that the provider's settings leave to callers.
    var choices: CallerChoices { terms.choices }
    /// The model that Holdfast hosts there, with the limits to its disclosure;
    /// nil for models that others host.
    package var hosted: HostedModel? { terms.hosting?.model() }
    /// The id of what is on record about the weights that answer now; nil for
    /// models that others host, and while there is none.
    package var receipt: String? { terms.hosting?.receipt() }
    /// The hosted weights that answer now, as suspensions name them; nil for
    /// models that others host.
    package var weights: WeightsInService? { terms.hosting?.weights() }

    /// The lane to the list of models, which may have an address of its own.
    var modelListLane: any ProviderLane { terms.modelListLane ?? lane }
    /// True where the list of models can be asked for.
    var hasModelList: Bool { terms.hasModelList }

    /// Returns the place under which failures of this model are remembered.
    package func place(of model: String) -> Target {
        Target(provider: name, host: host, credential: credential, model: model)
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
        choices.isSuperset(of: CallerChoices.ofField(field)) && !terms.pinned.contains(field)
    }

    /// Returns whether the caller's bytes can be sent to this provider as they
    /// are.
    func takesBytes(of door: any CallerProtocol) -> Bool { dialect(for: door).name == door.name }

    /// Returns the API in which a request that came through this door goes to
    /// the provider, and in which its answer comes back.
    func dialect(for door: any CallerProtocol) -> any ProviderProtocol {
        if furtherDialects.isEmpty || dialect.name == door.name { return dialect }
        return furtherDialects.first { $0.name == door.name } ?? dialect
    }
}

/// The operations that a provider serves.
package struct ProviderAbilities: Sendable {
    /// Tells if the provider's models answer chats, and if not, why.
    package var chat: Chat
    /// The embeddings of the provider; where it has none, the reason and what
    /// an operator can do about it.
    package var embeddings: Embeddings
    /// The compaction of conversations, of one of its APIs; nil where it has
    /// none.
    package var compactions: (any CompactionProvider & Dialect)?
    /// The provider's own count of a prompt's tokens; nil where it has none.
    package var tokenCounts: (any TokenCountProvider)?
    /// The exact counter of a prompt's tokens, which an engine has; nil where
    /// there is none.
    package var counter: (any TokenCounter)?

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
        chat: Chat = .served, embeddings: Embeddings, tokenCounts: (any TokenCountProvider)? = nil,
        counter: (any TokenCounter)? = nil, compactions: (any CompactionProvider & Dialect)? = nil
    ) {
        self.compactions = compactions
        self.chat = chat
        self.embeddings = embeddings
        self.tokenCounts = tokenCounts
        self.counter = counter
    }
}

/// The settings of a provider that requests have to know; each has a default.
package struct ProviderTerms: Sendable {
    /// Nil for the provider's name.
    package var host: String?
    /// Nil for the provider's name.
    package var credential: String?
    package var firstToken: Duration?
    package var firstByte = Duration.seconds(300)
    package var mayBeProbed = true
    package var usesCallersCredential = false
    package var secrets = SecretMask.none
    package var choices: CallerChoices = []
    /// Header fields that the settings set, in lower case: a caller's of the
    /// same name doesn't go along.
    package var pinned: Set<String> = []
    /// Nil where the list of models has the address of everything else.
    package var modelListLane: (any ProviderLane)?
    /// False where it is not known where the list of models is.
    package var hasModelList = true
    /// Nil for models that others host.
    package var hosting: Hosting?

    /// A model that Holdfast hosts.
    package struct Hosting: Sendable {
        /// The model with the limits to its disclosure, as they are now.
        package var model: @Sendable () -> HostedModel
        package var receipt: @Sendable () -> String?
        package var weights: @Sendable () -> WeightsInService

        /// - Parameter weights: Called for each request while something is
        ///   suspended, on event loops, too. By default the model's name, of
        ///   an unknown epoch: every suspension of these weights counts.
        package init(
            model: @escaping @Sendable () -> HostedModel, receipt: @escaping @Sendable () -> String?,
            weights: (@Sendable () -> WeightsInService)? = nil
        ) {
            self.model = model
            self.receipt = receipt
            self.weights = weights ?? { WeightsInService(name: model().name) }
        }
    }

    package init() {}
}

/// Hosted weights as suspensions name them.
package struct WeightsInService: Sendable, Hashable {
    package var name: String
    /// The custody epoch; nil where it isn't known.
    package var epoch: Int64?

    package init(name: String, epoch: Int64? = nil) {
        self.name = name
        self.epoch = epoch
    }
}

/// Counts a prompt's tokens by asking the model's own tokenizer.
package protocol TokenCounter: Sendable {
    /// - Throws: ``CannotCarry``, ``LaneFailure``, ``ProviderError`` or
    ///   `CancellationError`.
    func count(
        _ request: ChatRequest, model: String, on executor: EventLoopTaskExecutor
    ) async throws -> Int
}
