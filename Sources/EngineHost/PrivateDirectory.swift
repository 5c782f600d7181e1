import CLinux
import FoundationEssentials
import Glibc
import SystemPackage

/// A directory of one engine that nobody else can enter, locked for as long
/// as this value lives: two supervisors cannot share it.
struct PrivateDirectory: ~Copyable {
    let path: String
    private let lock: FileDescriptor

    /// Makes the directory, and its parents, or takes over an existing one.
    ///
    /// - Throws: ``EngineStartError`` if it cannot be made, belongs to someone
    ///   else, or is in use.
    init(path: String) throws(EngineStartError) {
        self.path = path
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: nil)
        } catch {
            throw EngineStartError("cannot make the directory \(path): \(error)")
        }
        // Opened without following a link, then judged by descriptor: what is
        // judged is what gets used.
        let directory = clinux_open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0)
        guard directory >= 0 else {
            throw EngineStartError("cannot open the directory \(path): \(Errno(rawValue: errno))")
        }
        defer { close(directory) }
        var facts = stat()
        guard fstat(directory, &facts) == 0, facts.st_uid == geteuid() else {
            throw EngineStartError(
                "the directory \(path) belongs to another user; remove it or name another run directory")
        }
        guard fchmod(directory, 0o700) == 0 else {
            throw EngineStartError("cannot make the directory \(path) private: \(Errno(rawValue: errno))")
        }
        let lock = clinux_open(path + "/lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0o600)
        guard lock >= 0 else {
            throw EngineStartError("cannot write into the directory \(path): \(Errno(rawValue: errno))")
        }
        guard clinux_try_lock(lock) == 0 else {
            close(lock)
            throw EngineStartError(
                "another Holdfast runs an engine in \(path); stop it, or give this one another run directory")
        }
        self.lock = FileDescriptor(rawValue: lock)
    }

    deinit { try? lock.close() }

    /// Writes a file whole or not at all, readable by its owner only.
    func write(_ bytes: [UInt8], to name: String) throws(EngineStartError) {
        let final = path + "/" + name
        let partial = final + ".partial"
        do {
            let file = try FileDescriptor.open(
                FilePath(partial), .writeOnly, options: [.create, .truncate, .closeOnExec],
                permissions: [.ownerReadWrite])
            try file.closeAfter { _ = try file.writeAll(bytes) }
        } catch {
            throw EngineStartError("cannot write \(partial): \(error)")
        }
        guard rename(partial, final) == 0 else {
            throw EngineStartError("cannot write \(final): \(Errno(rawValue: errno))")
        }
    }

    /// Removes a file if it is there.
    func remove(_ name: String) {
        unlink(path + "/" + name)
    }
}

/// A path from the root on; relative ones start at the working directory.
func absolutePath(_ path: String) -> String {
    let whole = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    return FilePath(whole).lexicallyNormalized().string
}
