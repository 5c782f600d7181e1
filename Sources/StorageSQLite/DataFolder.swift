import Glibc
import Storage

/// The folder that the store's file is in, locked for as long as this value
/// lives; the kernel lets go of the lock if the process dies.
struct DataFolder: ~Copyable {
    /// The database; there, and readable by its owner only.
    let file: String
    private let lock: Int32

    /// Makes the folder (0700), its parents and the file (0600) where they
    /// are missing.
    init(_ directory: String) throws(StorageError) {
        try Self.make(directory)
        // Before the database is touched: to open and close its file here
        // would let go of SQLite's own locks in this process.
        let lock = try Self.open(directory + "/holdfast.lock")
        do throws(StorageError) {
            guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
                throw errno == EWOULDBLOCK ? .inUse(directory) : .unusable(directory, errno)
            }
            // SQLite gives the files beside it the same mode.
            close(try Self.open(directory + "/holdfast.sqlite"))
        } catch {
            close(lock)
            throw error
        }
        self.lock = lock
        file = directory + "/holdfast.sqlite"
    }

    deinit { close(lock) }

    private static func make(_ directory: String) throws(StorageError) {
        if mkdir(directory, 0o700) == 0 || errno == EEXIST { return try check(directory) }
        guard errno == ENOENT, let slash = directory.dropLast().lastIndex(of: "/"), slash > directory.startIndex
        else { throw .unusable(directory, errno) }
        try make(String(directory[..<slash]))
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else { throw .unusable(directory, errno) }
    }

    private static func check(_ directory: String) throws(StorageError) {
        var facts = stat()
        guard stat(directory, &facts) == 0 else { throw .unusable(directory, errno) }
        guard facts.st_mode & S_IFMT == S_IFDIR else { throw .unusable(directory, ENOTDIR) }
    }

    /// Opens a file for reading and writing, makes it if it isn't there, and
    /// keeps others out of it.
    private static func open(_ path: String) throws(StorageError) -> Int32 {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .unusable(path, errno) }
        guard fchmod(descriptor, 0o600) == 0 else {
            let reason = errno
            close(descriptor)
            throw .unusable(path, reason)
        }
        return descriptor
    }
}
