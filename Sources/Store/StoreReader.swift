import GRDB

/// Reads what a Holdfast remembers, also while it runs; changes nothing and
/// locks nobody out.
package final class StoreReader: Sendable {
    private let file: String
    private let queue: DatabaseQueue

    /// - Throws: ``StoreError`` where there is none, or it can't be read.
    package init(directory: String) throws(StoreError) {
        file = directory + "/holdfast.sqlite"
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(5)
            queue = try DatabaseQueue(path: file, configuration: configuration)
        } catch {
            throw StoreError(error, file)
        }
    }

    func read<T>(_ work: (Database) throws -> T) throws(StoreError) -> T {
        do {
            return try queue.read(work)
        } catch {
            throw StoreError(error, file)
        }
    }

    /// In the order of their hours; none where an older Holdfast has written
    /// the file.
    package func counts(_ hours: Range<Int>) throws(StoreError) -> [StoredCounts] {
        try read { try $0.tableExists("hourCounts") ? StoredCounts.fetch($0, hours) : [] }
    }

    /// The latest drills' reports, newest first.
    package func drills(limit: Int) throws(StoreError) -> [String] {
        try read { database in
            guard try database.tableExists("drill") else { return [] }
            return try String.fetchAll(
                database, sql: "SELECT report FROM drill ORDER BY started DESC LIMIT ?", arguments: [limit])
        }
    }

    /// The bytes that a table's rows take on disk, pages' slack included; nil
    /// where SQLite was built without `dbstat`.
    package func bytes(of table: String) -> Int? {
        try? read { try Int.fetchOne($0, sql: "SELECT SUM(pgsize) FROM dbstat WHERE name = ?", arguments: [table]) }
    }
}
