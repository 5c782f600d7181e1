import Files
import Glibc
import Storage

/// The folder that the store's file is in, locked for as long as this value
/// lives; the kernel lets go of the lock if the process dies.
struct DataFolder: ~Copyable {
    /// The database; there, and readable by its owner only.
    let file: String
    private let lock: FileLock

    /// Makes the folder (0700), its parents and the file (0600) where they
    /// are missing.
    init(_ directory: String) throws(StorageError) {
        lock = try Self.locked(directory)
        file = Self.file(in: directory)
    }

    private static func file(in directory: String) -> String { directory + "/holdfast.sqlite" }

    private static func locked(_ directory: String) throws(StorageError) -> FileLock {
        do throws(FileFault) {
            try Folder.make(directory)
            // Before the database is touched: to open and close its file here
            // would let go of SQLite's own locks in this process.
            let lock = try FileLock(directory + "/holdfast.lock")
            let file = file(in: directory)
            // SQLite gives the files beside it the same mode.
            let database = try RegularFile(writing: file, mode: 0o600, links: .refused)
            guard database.withDescriptor({ fchmod($0, 0o600) }) == 0 else { throw FileFault(.write, file) }
            return lock
        } catch {
            throw error.cause == .inUse ? .inUse(directory) : .unusable(error)
        }
    }
}
