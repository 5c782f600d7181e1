import Access
package import AdminAPI
import Glibc
package import Settings

/// The run folder of a running Holdfast, which holds what lives as long as it
/// does: the engines' sockets, its lock, the token with which commands on this
/// machine talk to it, and `effective.json`, by which they find it. No other
/// user can enter it.
package struct RunDirectory: Sendable {
    package let path: String
    /// `.holdfast` beside the settings: where `make run` puts what it fetches.
    package let house: String

    /// The run folder of a Holdfast with these settings: `run: {directory}`, or
    /// the usual one beside them.
    package init(_ settings: Settings) {
        let usual = RunDirectory(besideSettings: settings.file)
        self.init(path: settings.runDirectory.map(Self.absolute) ?? usual.path, house: usual.house)
    }

    /// A run folder by its path.
    package init(at path: String) {
        let path = Self.absolute(path)
        self.init(path: path, house: String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
    }

    private init(path: String, house: String) {
        self.path = path
        self.house = house
    }

    /// The usual run folder of a Holdfast with these settings.
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

    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/") else { return path }
        guard let current = getcwd(nil, 0) else { return "/" + path }
        defer { free(current) }
        return String(cString: current) + "/" + path
    }

    private var lockPath: String { path + "/lock" }
    private var tokenPath: String { path + "/admin-token" }
    private var effectivePath: String { path + "/effective.json" }

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

    /// Removes what lets commands find this process.
    func removeTraces() {
        unlink(tokenPath)
        unlink(effectivePath)
    }

    // MARK: What commands find

    /// Writes where this process listens and keeps its files; whole or not at
    /// all.
    func write(_ view: EffectiveView) throws(StartupError) {
        let bytes: [UInt8]
        do {
            bytes = try AdminJSON.encode(view)
        } catch {
            throw StartupError(.cannotCreate, "\(effectivePath) can't be written: \(error)")
        }
        let partial = "\(effectivePath).new"
        unlink(partial)
        let file = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw failure("make", partial) }
        let count = Glibc.write(file, bytes, bytes.count)
        close(file)
        guard count == bytes.count else { throw failure("write", partial) }
        guard rename(partial, effectivePath) == 0 else { throw failure("write", effectivePath) }
    }

    /// What the Holdfast that runs here, or ran here last, has written of
    /// itself; nil where there is none, or it is another user's.
    package func effective() -> EffectiveView? {
        let file = open(effectivePath, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = read(file, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return try? AdminJSON.decode(EffectiveView.self, from: bytes[..<count])
    }

    /// Tells whether the process that claimed the folder still lives: the
    /// kernel lets go of its lock with it.
    package var isClaimed: Bool {
        let lock = open(lockPath, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        // Another user's: only its listener can tell.
        guard lock >= 0 else { return errno == EACCES }
        defer { close(lock) }
        return flock(lock, LOCK_SH | LOCK_NB) != 0
    }

    private func failure(_ verb: String, _ path: String) -> StartupError {
        StartupError(.cannotCreate, "can't \(verb) \(path): \(String(cString: strerror(errno)))")
    }
}
