import GRDB
package import Storage

extension SQLiteStorage: LedgerHeads {
    package func ledgerHead(_ origin: String) async throws(StorageError) -> StoredLedgerHead? {
        try await read { database in
            try Row.fetchOne(database, sql: "SELECT text, time FROM ledgerHead WHERE origin = ?", arguments: [origin])
                .map { StoredLedgerHead(text: $0["text"], time: UInt64(max(0, $0["time"] as Int64))) }
        }
    }

    package func saveLedgerHead(_ origin: String, _ head: StoredLedgerHead) async throws(StorageError) {
        try await write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO ledgerHead (origin, text, time) VALUES (?, ?, ?)",
                arguments: [origin, head.text, Int64(clamping: head.time)])
        }
    }
}
