import GRDB
package import Storage

extension StoredDrill: FetchableRecord, PersistableRecord {
    package static var databaseTableName: String { "drill" }
}

extension SQLiteStorage: DrillReports {
    package func saveDrill(_ drill: StoredDrill) async throws(StorageError) {
        try await write { try drill.save($0) }
    }

    package func drills(limit: Int) async throws(StorageError) -> [StoredDrill] {
        try await read { database in
            try StoredDrill.order(Column("started").desc, Column("id").desc).limit(max(0, limit)).fetchAll(database)
        }
    }

    package func drill(_ id: String) async throws(StorageError) -> StoredDrill? {
        try await read { try StoredDrill.fetchOne($0, key: id) }
    }
}
