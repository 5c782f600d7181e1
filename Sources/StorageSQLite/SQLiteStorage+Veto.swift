import Foundation
import GRDB
package import Storage

extension SQLiteStorage: VetoMemory {
    package func vetoEntries() async throws(StorageError) -> [StoredVetoEntry] {
        try await read { database in
            try Row.fetchAll(database, sql: "SELECT position, digest, body FROM vetoEntry ORDER BY position, digest")
                .map {
                    StoredVetoEntry(position: $0["position"], digest: $0["digest"], body: [UInt8]($0["body"] as Data))
                }
        }
    }

    package func addVetoEntries(_ entries: [StoredVetoEntry]) async throws(StorageError) {
        try await write { database in
            for entry in entries {
                try database.execute(
                    sql: "INSERT OR IGNORE INTO vetoEntry (digest, position, body) VALUES (?, ?, ?)",
                    arguments: [entry.digest, entry.position, Data(entry.body)])
            }
        }
    }

    package func vetoMark(_ origin: String) async throws(StorageError) -> StoredVetoMark? {
        try await read { database in
            try Row.fetchOne(
                database, sql: "SELECT size, count, position FROM vetoMark WHERE origin = ?", arguments: [origin]
            )
            .map {
                StoredVetoMark(size: UInt64(max(0, $0["size"] as Int64)), count: $0["count"], position: $0["position"])
            }
        }
    }

    package func saveVetoMark(_ origin: String, _ mark: StoredVetoMark) async throws(StorageError) {
        try await write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO vetoMark (origin, size, count, position) VALUES (?, ?, ?, ?)",
                arguments: [origin, Int64(clamping: mark.size), mark.count, mark.position])
        }
    }
}
