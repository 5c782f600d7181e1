import Foundation
import GRDB
package import Storage

extension StoredCounts {
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

extension SQLiteStorage: CountStore {
    package func addCounts(
        _ places: [CountPlace], add: @escaping @Sendable (_ kept: [UInt8]?, _ index: Int) -> [UInt8]
    ) async throws(StorageError) {
        try await write { database in
            let read = try database.cachedStatement(sql: "SELECT counts FROM hourCounts WHERE hour = ? AND subject = ?")
            let save = try database.cachedStatement(
                sql: "INSERT OR REPLACE INTO hourCounts (hour, subject, counts) VALUES (?, ?, ?)")
            for (index, place) in places.enumerated() {
                let kept = try Row.fetchOne(read, arguments: [place.hour, place.subject]).map {
                    [UInt8]($0[0] as Data)
                }
                let bytes = add(kept, index)
                try save.execute(arguments: [place.hour, place.subject, Data(bytes)])
            }
        }
    }

    package func counts(_ hours: Range<Int>) async throws(StorageError) -> [StoredCounts] {
        try await read { try StoredCounts.fetch($0, hours) }
    }

    package func removeCounts(before hour: Int) async throws(StorageError) {
        try await write { try $0.execute(sql: "DELETE FROM hourCounts WHERE hour < ?", arguments: [hour]) }
    }
}
