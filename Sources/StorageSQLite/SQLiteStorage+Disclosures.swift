import GRDB
package import Storage

extension StoredLearnt: FetchableRecord, PersistableRecord {
    package static var databaseTableName: String { "learnt" }
}

extension StoredEgress: FetchableRecord, PersistableRecord {
    package static var databaseTableName: String { "egress" }
}

extension SQLiteStorage: DisclosureMemory {
    package func learnt() async throws(StorageError) -> [StoredLearnt] {
        try await read { try StoredLearnt.fetchAll($0) }
    }

    package func save(_ learnt: [StoredLearnt]) async throws(StorageError) {
        try await write { database in
            for one in learnt {
                if one.count > 0 { try one.save(database) } else { _ = try one.delete(database) }
            }
        }
    }

    package func egress() async throws(StorageError) -> [StoredEgress] {
        try await read { try StoredEgress.fetchAll($0) }
    }

    package func save(_ egress: [StoredEgress]) async throws(StorageError) {
        try await write { database in for one in egress { try one.save(database) } }
    }
}
