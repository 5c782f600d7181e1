import GRDB
package import Storage

/// A reader of the SQLite storage of a Holdfast, also while it runs. Changes
/// nothing and locks no other process out. Blocks: for commands.
package final class SQLiteReader: Sendable {
    private let file: String
    private let queue: DatabaseQueue

    /// - Throws: ``StorageError`` where there is none, or it can't be read.
    package init(directory: String) throws(StorageError) {
        file = directory + "/holdfast.sqlite"
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(5)
            queue = try DatabaseQueue(path: file, configuration: configuration)
        } catch {
            throw StorageError(error, file)
        }
    }

    func read<T>(_ work: (Database) throws -> T) throws(StorageError) -> T {
        do {
            return try queue.read(work)
        } catch {
            throw StorageError(error, file)
        }
    }

    /// The counts of these hours, in their order; none where an older Holdfast
    /// has written the file.
    package func counts(_ hours: Range<Int>) throws(StorageError) -> [StoredCounts] {
        try read { try $0.tableExists("hourCounts") ? StoredCounts.fetch($0, hours) : [] }
    }

    /// The latest drills' reports, newest first.
    package func drills(limit: Int) throws(StorageError) -> [String] {
        try read { database in
            guard try database.tableExists("drill") else { return [] }
            return try String.fetchAll(
                database, sql: "SELECT report FROM drill ORDER BY started DESC LIMIT ?", arguments: [limit])
        }
    }

    /// The newest custody statement that was in force; nil where there was
    /// none, also where an older Holdfast has written the file.
    package func custodyEpoch(model: String, role: String) throws(StorageError) -> StoredCustody? {
        try read { try $0.tableExists("custodyEpoch") ? StoredCustody.fetch($0, model, role) : nil }
    }

    /// The bytes that a table's rows take on disk, pages' slack included; nil
    /// where SQLite was built without `dbstat`.
    package func bytes(of table: String) -> Int? {
        try? read { try Int.fetchOne($0, sql: "SELECT SUM(pgsize) FROM dbstat WHERE name = ?", arguments: [table]) }
    }
}
