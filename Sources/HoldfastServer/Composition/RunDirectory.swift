import Access
import Glibc

/// Where a running Holdfast keeps what lives as long as it does: the engines'
/// sockets, its lock, and the token with which commands on this machine talk
/// to it. Nobody else can enter it.
package struct RunDirectory: Sendable {
    package let path: String
    /// `.holdfast` beside the settings: where `make run` puts what it fetches.
    let house: String

    /// Of the Holdfast with these settings.
    ///
    /// `.holdfast/run` beside the settings; where that is too long a path for
    /// a Unix socket (108 bytes, unix(7)), a folder of this user's below the
    /// temporary directory that is named after it.
    package init(besideSettings file: String) {
        let folder = Self.absolute(file).split(separator: "/").dropLast().joined(separator: "/")
        house = "/" + folder + "/.holdfast"
        let preferred = house + "/run"
        guard preferred.utf8.count > 70 else {
            path = preferred
            return
        }
        path = "/tmp/holdfast-\(getuid())-" + KeyDigest(of: preferred).hex.prefix(12)
    }

    private static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/") else { return path }
        guard let current = getcwd(nil, 0) else { return "/" + path }
        defer { free(current) }
        return String(cString: current) + "/" + path
    }

    private var lockPath: String { path + "/lock" }
    private var tokenPath: String { path + "/admin-token" }

    /// Makes the directory and takes its lock, which the kernel lets go with
    /// the process.
    /// - Throws: ``StartupError`` where another Holdfast has it.
    func claim() throws(StartupError) {
        let parent = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        if !parent.isEmpty, mkdir(parent, 0o755) != 0, errno != EEXIST { throw failure("make", parent) }
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw failure("make", path) }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
            throw StartupError(.cannotCreate, "\(path) is not a directory of this user's; remove it")
        }
        chmod(path, 0o700)
        let lock = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw failure("open", lockPath) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            var text = [UInt8](repeating: 0, count: 16)
            let count = max(0, read(lock, &text, 16))
            let owner = String(decoding: text[..<count], as: UTF8.self)
            throw StartupError(
                .cannotCreate,
                "another Holdfast (process \(owner)) runs with this configuration; stop it first, "
                    + "or give this one a configuration in another folder")
        }
        ftruncate(lock, 0)
        let pid = String(getpid())
        _ = write(lock, pid, pid.utf8.count)
        // Kept open, so that the lock lasts as long as the process.
    }

    /// Makes the token of this run. Whoever can read it may administer.
    func makeToken() throws(StartupError) -> KeySecret {
        let token = KeySecret(admin: true)
        unlink(tokenPath)
        let file = open(tokenPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("make", tokenPath) }
        defer { close(file) }
        let text = token.reveal()
        guard write(file, text, text.utf8.count) == text.utf8.count else { throw failure("write", tokenPath) }
        return token
    }

    /// The token of the Holdfast that runs here, nil if none does.
    package func token() -> String? {
        let file = open(tokenPath, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var text = [UInt8](repeating: 0, count: 256)
        let count = read(file, &text, 256)
        return count > 0 ? String(decoding: text[..<count], as: UTF8.self) : nil
    }

    func removeToken() { unlink(tokenPath) }

    private func failure(_ verb: String, _ path: String) -> StartupError {
        StartupError(.cannotCreate, "can't \(verb) \(path): \(String(cString: strerror(errno)))")
    }
}
