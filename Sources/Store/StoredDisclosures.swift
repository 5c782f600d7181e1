import GRDB

/// How many values of a model's logits somebody has been told.
package struct StoredLearnt: Sendable, Hashable {
    package var subject, weights: String
    package var count: Int

    package init(subject: String, weights: String, count: Int) {
        self.subject = subject
        self.weights = weights
        self.count = count
    }
}

extension StoredLearnt: Codable, FetchableRecord, PersistableRecord {
    package static var databaseTableName: String { "learnt" }
}

/// How many bytes of answers have left a model on its last day.
package struct StoredEgress: Sendable, Hashable {
    package var weights: String
    /// Since 1970.
    package var day: Int
    package var bytes: Int

    package init(weights: String, day: Int, bytes: Int) {
        self.weights = weights
        self.day = day
        self.bytes = bytes
    }
}

extension StoredEgress: Codable, FetchableRecord, PersistableRecord {
    package static var databaseTableName: String { "egress" }
}

extension Store {
    package func learnt() throws(StoreError) -> [StoredLearnt] { try read { try StoredLearnt.fetchAll($0) } }

    /// All or nothing; a count of zero is forgotten.
    package func save(_ learnt: [StoredLearnt]) throws(StoreError) {
        try write { database in
            for one in learnt { if one.count > 0 { try one.save(database) } else { try one.delete(database) } }
        }
    }

    package func egress() throws(StoreError) -> [StoredEgress] { try read { try StoredEgress.fetchAll($0) } }

    /// All or nothing.
    package func save(_ egress: [StoredEgress]) throws(StoreError) {
        try write { database in for one in egress { try one.save(database) } }
    }
}
