import GRDB
package import Storage

/// The storage in one SQLite file, in WAL mode.
///
/// Every call is one transaction. It returns when the transaction is on disk as far as `synchronous=NORMAL` guarantees:
/// if the process is killed, nothing is lost; after a power failure, at most the last moments are. The work runs on
/// GRDB's own queues and never on the caller's thread, so an event loop that awaits a call continues to run. Cancelling
/// the task does not cancel the call: a transaction that has begun is completed.
package final class SQLiteStorage: Sendable {
    private let folder: DataFolder
    private let pool: DatabasePool

    /// Opens the file, makes it where it is missing, migrates an older one and
    /// checks that it is whole. Blocks.
    ///
    /// The folder is locked for as long as this object lives: of two processes
    /// with one memory, each would undo the other's.
    ///
    /// - Parameters:
    ///   - directory: made with mode 0700 where it is missing.
    ///   - pageLimit: the most pages of 4 KiB that the file may grow to, as on
    ///     a disk that is full then; nil is the disk's own limit.
    /// - Throws: ``StorageError`` when it can't be opened, is damaged, is in
    ///   use or is of a newer Holdfast.
    package init(directory: String, pageLimit: Int? = nil) throws(StorageError) {
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
            if try pool.read({ try migrator.hasBeenSuperseded($0) }) { throw StorageError.newer(folder.file) }
            // Found now, with an operator at hand, and not by a request.
            let findings = try pool.read { try String.fetchAll($0, sql: "PRAGMA quick_check(1)") }
            guard findings == ["ok"] else {
                throw StorageError.damaged(folder.file, findings.first ?? "quick_check finds nothing")
            }
            try migrator.migrate(pool)
        } catch {
            throw StorageError(error, folder.file)
        }
    }

    /// Folds the log in, so that a copy of the one file is a backup; then
    /// closes the file before the lock on the folder is released.
    deinit {
        _ = try? pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
        try? pool.close()
    }

    func read<T: Sendable>(_ work: @escaping @Sendable (Database) throws -> T) async throws(StorageError) -> T {
        let result = await withCheckedContinuation { continuation in
            pool.asyncRead { access in
                continuation.resume(returning: Result { try work(access.get()) })
            }
        }
        return try value(of: result)
    }

    @discardableResult
    func write<T: Sendable>(_ work: @escaping @Sendable (Database) throws -> T) async throws(StorageError) -> T {
        let result = await withCheckedContinuation { continuation in
            pool.asyncWrite(work) { _, result in continuation.resume(returning: result) }
        }
        return try value(of: result)
    }

    private func value<T>(of result: Result<T, any Error>) throws(StorageError) -> T {
        switch result {
        case .success(let value): return value
        case .failure(let error): throw StorageError(error, folder.file)
        }
    }
}
