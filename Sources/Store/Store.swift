import GRDB

/// What Holdfast remembers across restarts: one SQLite file, in WAL mode.
///
/// Knows no other module's types; values come and go as they stand in the
/// tables. Safe to use from several threads; every call is one transaction
/// and returns when it is on disk as far as `synchronous=NORMAL` promises:
/// a killed process loses nothing, a power cut at most the last moments.
package final class Store: Sendable {
    private let folder: DataFolder
    private let pool: DatabasePool

    /// Opens the file, makes it if it isn't there, brings an older one up to
    /// date and checks that it is whole.
    ///
    /// The folder is locked for as long as the store lives: of two processes
    /// that remember in one place, each would undo what the other learnt.
    ///
    /// - Parameters:
    ///   - directory: made with mode 0700 where it is missing.
    ///   - pageLimit: the most pages of 4 KiB that the file may grow to, as on
    ///     a disk that is full then; nil is what the disk has.
    /// - Throws: ``StoreError`` when it can't be opened, is damaged, is in use
    ///   or is of a newer Holdfast.
    package init(directory: String, pageLimit: Int? = nil) throws(StoreError) {
        folder = try DataFolder(directory)
        do {
            var configuration = Configuration()
            // For tools that look into the file while Holdfast runs.
            configuration.busyMode = .timeout(2)
            configuration.prepareDatabase { database in
                if let pageLimit { try database.execute(sql: "PRAGMA max_page_count = \(pageLimit)") }
            }
            pool = try DatabasePool(path: folder.file, configuration: configuration)
            let migrator = Schema.migrator
            if try pool.read({ try migrator.hasBeenSuperseded($0) }) { throw StoreError.newer(folder.file) }
            // Found now, with an operator at hand, and not by a request.
            let findings = try pool.read { try String.fetchAll($0, sql: "PRAGMA quick_check(1)") }
            guard findings == ["ok"] else { throw StoreError.damaged(folder.file) }
            try migrator.migrate(pool)
        } catch {
            throw StoreError(error, folder.file)
        }
    }

    /// Folds the log in, so that a copy of the one file is a backup; then
    /// lets go of the file before the lock on the folder.
    deinit {
        _ = try? pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
        try? pool.close()
    }

    func read<T>(_ work: (Database) throws -> T) throws(StoreError) -> T {
        do {
            return try pool.read(work)
        } catch {
            throw StoreError(error, folder.file)
        }
    }

    func write(_ work: (Database) throws -> Void) throws(StoreError) {
        do {
            try pool.write(work)
        } catch {
            throw StoreError(error, folder.file)
        }
    }
}
