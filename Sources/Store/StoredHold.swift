import GRDB

/// A hold as it stands in its table.
package struct StoredHold: Sendable, Hashable {
    package var id, cause, scope, host, credential, model, provider, firmness, origin, name: String
    /// Seconds since 1970.
    package var since: Int
    package var words, rule: String
    package var status: Int?
    package var acknowledgedBy, reason: String?

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

extension StoredHold: Codable, FetchableRecord, PersistableRecord {
    package static var databaseTableName: String { "hold" }
}

extension Store {
    /// All of them, the oldest first.
    package func holds() throws(StoreError) -> [StoredHold] {
        try read { try StoredHold.order(Column("since"), Column("id")).fetchAll($0) }
    }

    /// Keeps it, in place of one with the same id.
    package func save(_ hold: StoredHold) throws(StoreError) {
        try write { try hold.save($0) }
    }

    /// Nothing happens if there is none.
    package func removeHold(_ id: String) throws(StoreError) {
        try write { _ = try StoredHold.deleteOne($0, key: id) }
    }

    // MARK: Models that have ever answered

    package func answered() throws(StoreError) -> [(host: String, model: String, first: Int, last: Int)] {
        try read { database in
            try Row.fetchAll(database, sql: "SELECT host, model, first, last FROM answered").map {
                ($0["host"], $0["model"], $0["first"], $0["last"])
            }
        }
    }

    /// - Parameter at: seconds since 1970.
    package func noteAnswered(_ host: String, _ model: String, at: Int) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: """
                    INSERT INTO answered (host, model, first, last) VALUES (?, ?, ?, ?)
                    ON CONFLICT (host, model) DO UPDATE SET last = max(last, excluded.last)
                    """, arguments: [host, model, at, at])
        }
    }
}
