import GRDB
package import Storage

extension StoredMessage: FetchableRecord, PersistableRecord {
    package static var databaseTableName: String { "message" }
}

extension SQLiteStorage: MessageOutbox {
    package func save(_ messages: [StoredMessage]) async throws(StorageError) {
        try await write { database in for message in messages { try message.save(database) } }
    }

    package func messages(due time: Int, limit: Int) async throws(StorageError) -> [StoredMessage] {
        try await read { database in
            try StoredMessage.fetchAll(
                database,
                sql: """
                    SELECT * FROM message WHERE due <= ? AND NOT EXISTS (
                        SELECT 1 FROM message AS earlier WHERE earlier.receiver = message.receiver
                        AND (earlier.created, earlier.id) < (message.created, message.id))
                    ORDER BY created, id LIMIT ?
                    """, arguments: [time, limit])
        }
    }

    package func removeMessage(_ id: String) async throws(StorageError) {
        try await write { _ = try StoredMessage.deleteOne($0, key: id) }
    }
}
