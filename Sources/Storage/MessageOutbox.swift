/// The messages that receivers have not taken yet.
package protocol MessageOutbox: Sendable {
    /// Keeps messages, each in place of an earlier one with its id.
    func save(_ messages: [StoredMessage]) async throws(StorageError)
    /// The oldest message of each receiver, where it is due: a receiver gets
    /// its messages in the order of their `created` and `id`, and the next one
    /// only once the one before is removed.
    func messages(due time: Int, limit: Int) async throws(StorageError) -> [StoredMessage]
    /// Removes a message; an unknown id is no error.
    func removeMessage(_ id: String) async throws(StorageError)
}

/// A message to a webhook, until its receiver has taken it.
package struct StoredMessage: Codable, Sendable, Hashable {
    /// In the order of their making among those of one second.
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
