import GRDB
package import Storage

extension StoredHold: FetchableRecord, PersistableRecord {
    package static var databaseTableName: String { "hold" }
}

extension StoredAnswer: FetchableRecord {}

extension SQLiteStorage: HealthMemory {
    package func holds() async throws(StorageError) -> [StoredHold] {
        try await read { try StoredHold.order(Column("since"), Column("id")).fetchAll($0) }
    }

    package func apply(_ changes: [HoldChange]) async throws(StorageError) {
        try await write { database in
            for change in changes {
                switch change {
                case .save(let hold): try hold.save(database)
                case .remove(let id): _ = try StoredHold.deleteOne(database, key: id)
                }
            }
        }
    }

    package func answered() async throws(StorageError) -> [StoredAnswer] {
        try await read { database in
            try StoredAnswer.fetchAll(
                database, sql: "SELECT host, model, first, last FROM answered ORDER BY host, model")
        }
    }

    package func noteAnswered(_ answers: [StoredAnswer]) async throws(StorageError) {
        try await write { database in
            for answer in answers {
                try database.execute(
                    sql: """
                        INSERT INTO answered (host, model, first, last) VALUES (?, ?, ?, ?)
                        ON CONFLICT (host, model)
                        DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last)
                        """, arguments: [answer.host, answer.model, answer.first, answer.last])
            }
        }
    }
}
