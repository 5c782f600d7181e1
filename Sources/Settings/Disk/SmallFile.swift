import Glibc

/// A file that is read and written as a whole.
enum SmallFile {
    /// Reads a file, but no more than `limit` bytes of it and one: enough to
    /// tell that it is too long.
    static func read(_ path: String, limit: Int) throws(FileFault) -> [UInt8] {
        let file = try Descriptor(path, O_RDONLY, for: "read")
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65536)
        while bytes.count <= limit {
            let count = Glibc.read(file.number, &part, min(part.count, limit + 1 - bytes.count))
            if count < 0 {
                if errno == EINTR { continue }
                throw FileFault("read", path)
            }
            if count == 0 { break }
            bytes += part[..<count]
        }
        return bytes
    }

    /// Replaces a file by new content that only its owner can read. After a
    /// crash at any moment there is the old content or the new, never a part
    /// of it, and once this returns it is the new. A symbolic link stays one:
    /// what it points to is replaced.
    static func replace(_ path: String, with bytes: [UInt8]) throws(FileFault) {
        let target = target(of: path)
        let folder = folder(of: target)
        let temporary = "\(target).\(getpid()).\(UInt32.random(in: 0...UInt32.max)).new"
        do throws(FileFault) {
            let file = try Descriptor(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600, for: "write")
            try write(bytes, to: file, path: path)
            if fsync(file.number) != 0 { throw FileFault("write", path) }
            if rename(temporary, target) != 0 { throw FileFault("write", path) }
        } catch {
            unlink(temporary)
            throw error
        }
        // The new name lives in the folder, which is a file of its own.
        let entries = try Descriptor(folder, O_RDONLY | O_DIRECTORY, for: "write")
        if fsync(entries.number) != 0 { throw FileFault("write", folder) }
    }

    /// Makes a folder and those above it, for their owner only.
    static func makeFolder(_ path: String) throws(FileFault) {
        if path == "/" || path == "." || mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT else { throw FileFault("create", path) }
        try makeFolder(folder(of: path))
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw FileFault("create", path) }
    }

    /// Runs `body` while no other process or task is in the same lock. The
    /// lock is a file beside the one that it protects, because that one is
    /// replaced.
    static func locked<Result>(
        _ path: String, _ body: () throws -> Result
    ) throws -> Result {
        let lock = try Descriptor(target(of: path) + ".lock", O_RDWR | O_CREAT, mode: 0o600, for: "lock")
        while flock(lock.number, LOCK_EX) != 0 {
            if errno != EINTR { throw FileFault("lock", path) }
        }
        // Closing the descriptor gives the lock back.
        return try body()
    }

    /// What is at a path once symbolic links are followed; the path itself
    /// where there is nothing yet.
    private static func target(of path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func write(_ bytes: [UInt8], to file: borrowing Descriptor, path: String) throws(FileFault) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file.number, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw FileFault("write", path)
            }
            rest = rest.dropFirst(count)
        }
    }
}
