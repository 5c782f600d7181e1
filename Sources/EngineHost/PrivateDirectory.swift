import CLinux
import Files
import Glibc
import SystemPackage

/// A directory of one engine that no other user can enter, locked for as long as this value exists, so that two
/// supervisors cannot share it.
package struct PrivateDirectory: ~Copyable {
    let path: String
    private let lock: FileLock

    /// Makes the directory, and its parents, or takes over an existing one.
    ///
    /// - Throws: ``EngineStartError`` if it cannot be made, belongs to someone
    ///   else, or is in use.
    package init(path: String) throws(EngineStartError) {
        self.path = path
        do throws(FileFault) {
            try Folder.make(path, parents: 0o755)
        } catch {
            throw EngineStartError("cannot make the directory \(path): \(error.reason)")
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
        do throws(FileFault) {
            lock = try FileLock(path + "/lock")
        } catch {
            throw error.cause == .inUse
                ? EngineStartError(
                    "another Holdfast runs an engine in \(path); stop it, or give this one another run directory")
                : EngineStartError("cannot write into the directory \(path): \(error.reason)")
        }
    }

    /// Writes a file whole or not at all, readable by its owner only.
    func write(_ bytes: [UInt8], to name: String) throws(EngineStartError) {
        do throws(FileFault) {
            try WholeFile.replaceDurably(path + "/" + name, with: bytes, links: .refused)
        } catch {
            throw EngineStartError("\(error)")
        }
    }

    /// Removes a file if it is there.
    func remove(_ name: String) {
        unlink(path + "/" + name)
    }
}

/// A path from the root on; relative ones start at the working directory.
func absolutePath(_ path: String) -> String {
    FilePath(Folder.absolute(path)).lexicallyNormalized().string
}
