import GRDB

/// A hold as it stands in its table.
package struct StoredHold: Sendable, Hashable {
    package var id, cause, scope, host, credential, model, provider, firmness, origin, name: String
    /// Seconds since 1970.
    package var since: Int
    package var words, rule: String
    package var status: Int?
    package var acknowledgedBy, reason: String?
    /// When it was lifted, where it is kept all the same; nil while it holds.
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
}
