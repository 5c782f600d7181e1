/// The memory of holds, and of the models that have ever answered.
///
/// All times are in seconds since 1970. Each call is one transaction.
package protocol HealthMemory: Sendable {
    /// All holds, the oldest first.
    func holds() async throws(StorageError) -> [StoredHold]
    /// Keeps and removes holds in the given order, all or none; an id that is
    /// unknown is no error.
    func apply(_ changes: [HoldChange]) async throws(StorageError)
    /// The models that have ever answered, by host and model.
    func answered() async throws(StorageError) -> [StoredAnswer]
    /// Keeps the times of answers; times may come in any order.
    func noteAnswered(_ answers: [StoredAnswer]) async throws(StorageError)
}

/// One change of the holds that are kept.
package enum HoldChange: Sendable, Hashable {
    /// Keeps a hold in place of an earlier one with its id.
    case save(StoredHold)
    case remove(id: String)
}

/// A hold as it is kept.
package struct StoredHold: Codable, Sendable, Hashable {
    package var id, cause, scope, host, credential, model, provider, firmness, origin, name: String
    /// Seconds since 1970.
    package var since: Int
    package var words, rule: String
    package var status: Int?
    package var acknowledgedBy, reason: String?
    /// The time at which it was lifted, where it is kept all the same; nil
    /// while it holds.
    package var returned: Int?
    package var returnedByHand = false
    /// Routes, separated by line feeds.
    package var drilled = ""

    package init(
        id: String, cause: String, scope: String, host: String, credential: String, model: String, provider: String,
        firmness: String, origin: String, name: String, since: Int, words: String, rule: String, status: Int? = nil,
        acknowledgedBy: String? = nil, reason: String? = nil
    ) {
        self.id = id
        self.cause = cause
        self.scope = scope
        self.host = host
        self.credential = credential
        self.model = model
        self.provider = provider
        self.firmness = firmness
        self.origin = origin
        self.name = name
        self.since = since
        self.words = words
        self.rule = rule
        self.status = status
        self.acknowledgedBy = acknowledgedBy
        self.reason = reason
    }
}

/// The first and the last answer of a model at a host.
package struct StoredAnswer: Codable, Sendable, Hashable {
    package var host, model: String
    /// Seconds since 1970.
    package var first, last: Int

    package init(host: String, model: String, first: Int, last: Int) {
        self.host = host
        self.model = model
        self.first = first
        self.last = last
    }

    /// An answer at one time.
    package init(host: String, model: String, at time: Int) {
        self.init(host: host, model: model, first: time, last: time)
    }
}
