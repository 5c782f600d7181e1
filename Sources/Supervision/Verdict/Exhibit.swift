package import Conversation

/// The texts of one request, laid before the supervisor.
package struct Exhibit: Sendable {
    /// The request's id, for logs.
    package var id: String
    /// The tenant, or the key where it has none: no verdict is shared between
    /// two of them.
    package var tenant: String
    /// The key's id: the queue is fair by key.
    package var key: String
    package var passages: RequestPassages
    /// True where an answer's text goes out only once the second stage, too,
    /// has seen it.
    package var awaitsSecondStage = false
    /// The fault that a drill puts before the supervisor; nil is none.
    package var rehearsedFault: Fault?

    /// A fault of the supervisor, as a drill rehearses it.
    package enum Fault: Sendable, Hashable {
        /// No verdict, at once.
        case dead
        /// No verdict, ever.
        case hung
        /// A verdict when the time for it is over.
        case slow
    }

    package init(id: String, tenant: String, key: String, passages: RequestPassages) {
        self.id = id
        self.tenant = tenant
        self.key = key
        self.passages = passages
    }
}
