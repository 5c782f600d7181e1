import Foundation
import GRDB

/// What one subject came to in one hour, packed.
package struct StoredCounts: Sendable, Hashable {
    /// Since 1970.
    package var hour: Int
    package var subject: String
    package var counts: [UInt8]

    package init(hour: Int, subject: String, counts: [UInt8]) {
        self.hour = hour
        self.subject = subject
        self.counts = counts
    }

    static func fetch(_ database: Database, _ hours: Range<Int>) throws -> [StoredCounts] {
        let rows = try Row.fetchCursor(
            database, sql: "SELECT hour, subject, counts FROM hourCounts WHERE hour >= ? AND hour < ? ORDER BY hour",
            arguments: [hours.lowerBound, hours.upperBound])
        var counts: [StoredCounts] = []
        while let row = try rows.next() {
            let bytes = [UInt8](row["counts"] as Data)
            counts.append(StoredCounts(hour: row["hour"], subject: row["subject"], counts: bytes))
        }
        return counts
    }
}

extension Store {
    /// Adds to what is kept, all or nothing.
    ///
    /// - Parameter add: given what is kept of that hour, nil where nothing is,
    ///   and the place of what is added.
    package func addCounts(
        _ places: [(hour: Int, subject: String)], add: (_ kept: [UInt8]?, _ place: Int) -> [UInt8]
    ) throws(StoreError) {
        try write { database in
            let read = try database.cachedStatement(sql: "SELECT counts FROM hourCounts WHERE hour = ? AND subject = ?")
            let save = try database.cachedStatement(
                sql: "INSERT OR REPLACE INTO hourCounts (hour, subject, counts) VALUES (?, ?, ?)")
            for (place, key) in places.enumerated() {
                let kept = try Row.fetchOne(read, arguments: [key.hour, key.subject]).map { [UInt8]($0[0] as Data) }
                let bytes = add(kept, place)
                try save.execute(arguments: [key.hour, key.subject, Data(bytes)])
            }
        }
    }

    /// In the order of their hours.
    package func counts(_ hours: Range<Int>) throws(StoreError) -> [StoredCounts] {
        try read { try StoredCounts.fetch($0, hours) }
    }

    /// - Parameter hour: since 1970; what is older is forgotten.
    package func removeCounts(before hour: Int) throws(StoreError) {
        try write { try $0.execute(sql: "DELETE FROM hourCounts WHERE hour < ?", arguments: [hour]) }
    }
}
