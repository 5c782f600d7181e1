import GRDB

/// What was decided when a hosted model's weights were found changed in
/// memory last.
package struct StoredScrub: Sendable, Hashable {
    /// Seconds since 1970.
    package var time: Int64
    package var verdict: String

    package init(time: Int64, verdict: String) { (self.time, self.verdict) = (time, verdict) }
}

extension Store {
    /// - Returns: nil where they never were, or it was forgotten.
    package func scrub(of provider: String) throws(StoreError) -> StoredScrub? {
        try read { database in
            try Row.fetchOne(database, sql: "SELECT time, verdict FROM scrub WHERE provider = ?", arguments: [provider])
                .map { StoredScrub(time: $0["time"], verdict: $0["verdict"]) }
        }
    }

    package func saveScrub(of provider: String, _ scrub: StoredScrub) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO scrub (provider, time, verdict) VALUES (?, ?, ?)",
                arguments: [provider, scrub.time, scrub.verdict])
        }
    }

    package func forgetScrub(of provider: String) throws(StoreError) {
        try write { try $0.execute(sql: "DELETE FROM scrub WHERE provider = ?", arguments: [provider]) }
    }
}
