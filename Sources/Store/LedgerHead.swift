import GRDB

/// The newest checkpoint of a ledger: what its folder is compared with at
/// start.
package struct LedgerHead: Sendable, Hashable {
    /// As it is signed.
    package var text: String
    /// When it was made, in seconds since 1970.
    package var time: UInt64
}

extension Store {
    /// - Parameter origin: the ledger's name.
    package func ledgerHead(_ origin: String) throws(StoreError) -> LedgerHead? {
        try read { database in
            try Row.fetchOne(database, sql: "SELECT text, time FROM ledgerHead WHERE origin = ?", arguments: [origin])
                .map { LedgerHead(text: $0["text"], time: UInt64(max(0, $0["time"] as Int64))) }
        }
    }

    package func saveLedgerHead(_ origin: String, text: String, time: UInt64) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO ledgerHead (origin, text, time) VALUES (?, ?, ?)",
                arguments: [origin, text, Int64(clamping: time)])
        }
    }
}
