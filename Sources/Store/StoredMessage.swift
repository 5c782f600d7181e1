import GRDB

/// Something that somebody is to be told, until they have taken it.
package struct StoredMessage: Codable, FetchableRecord, PersistableRecord, Sendable, Hashable {
    package static var databaseTableName: String { "message" }

    package var id: String
    /// Whom; as the settings name them.
    package var receiver: String
    /// JSON.
    package var body: String
    /// Seconds since 1970.
    package var created: Int
    /// How often it was tried.
    package var attempts: Int
    /// When it is tried next, in seconds since 1970.
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

extension Store {
    /// Keeps it, in place of one with the same id.
    package func save(_ messages: [StoredMessage]) throws(StoreError) {
        try write { database in
            for message in messages { try message.save(database) }
        }
    }

    /// Those that are due, the oldest first.
    package func messages(due time: Int, limit: Int) throws(StoreError) -> [StoredMessage] {
        try read { database in
            try StoredMessage.filter(Column("due") <= time).order(Column("due"), Column("created"), Column("id"))
                .limit(limit).fetchAll(database)
        }
    }

    /// Nothing happens if there is none.
    package func removeMessage(_ id: String) throws(StoreError) {
        try write { _ = try StoredMessage.deleteOne($0, key: id) }
    }
}
