/// The messages that receivers have not taken yet.
package protocol MessageOutbox: Sendable {
    /// Keeps messages, each in place of an earlier one with its id.
    func save(_ messages: [StoredMessage]) async throws(StorageError)
    /// The messages that are due, the oldest first.
    func messages(due time: Int, limit: Int) async throws(StorageError) -> [StoredMessage]
    /// Removes a message; an unknown id is no error.
    func removeMessage(_ id: String) async throws(StorageError)
}

/// A message to a webhook, until its receiver has taken it.
package struct StoredMessage: Codable, Sendable, Hashable {
    package var id: String
    /// The webhook's name in the settings.
    package var receiver: String
    /// JSON.
    package var body: String
    /// Seconds since 1970.
    package var created: Int
    /// The number of failed deliveries.
    package var attempts: Int
    /// The time of the next delivery, in seconds since 1970.
    package var due: Int

    package init(id: String, receiver: String, body: String, created: Int, attempts: Int = 0, due: Int) {
        self.id = id
        self.receiver = receiver
        self.body = body
        self.created = created
        self.attempts = attempts
        self.due = due
    }
}
