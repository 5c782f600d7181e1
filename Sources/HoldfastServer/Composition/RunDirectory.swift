import Access
package import AdminAPI
import Files
import Glibc
package import Settings

/// A trace of a running Holdfast that is there and can't be read: another
/// user's, no file, or damaged.
package struct UnreadableTrace: Error, Sendable, Hashable {
    /// With the path.
    package var reason: String
}

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
        self.init(path: settings.runDirectory.map(Folder.absolute) ?? usual.path, house: usual.house)
    }

    /// A run folder by its path.
    package init(at path: String) {
        let path = Folder.absolute(path)
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
        house = Self.folder(of: file) + "/.holdfast"
        let preferred = house + "/run"
        guard preferred.utf8.count > 70 else {
            path = preferred
            return
        }
        path = "/tmp/holdfast-\(getuid())-" + KeyDigest(of: preferred).hex.prefix(12)
    }

    /// The one name of the folder that a file is in, however the file's path is
    /// written: the run folder may be named after it.
    private static func folder(of file: String) -> String {
        let parts = Folder.absolute(file).split(separator: "/").dropLast()
        let folder = "/" + parts.joined(separator: "/")
        guard let resolved = realpath(folder, nil) else { return folder == "/" ? "" : folder }
        defer { free(resolved) }
        let name = String(cString: resolved)
        return name == "/" ? "" : name
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
        do throws(FileFault) {
            let lock = try FileLock(lockPath)
            lock.note(String(getpid()))
            lock.keep()
            // Of a process that was killed: its address may be another's now.
            removeTraces()
        } catch {
            guard error.cause == .inUse else { throw StartupError(.cannotCreate, "\(error)") }
            let owner = (try? WholeFile.readAll(lockPath, limit: 16, links: .refused)) ?? []
            throw StartupError(
                .cannotCreate,
                "another Holdfast (process \(String(decoding: owner, as: UTF8.self))) runs with this configuration; "
                    + "stop it first, or give this one a configuration in another folder")
        }
    }

    /// Makes the token of this run. Every process that can read it may
    /// administer.
    func makeToken() throws(StartupError) -> KeySecret {
        let token = KeySecret(admin: true)
        try replace(tokenPath, with: Array(token.reveal().utf8))
        return token
    }

    /// The token of the Holdfast that runs here.
    package func token() throws(UnreadableTrace) -> String {
        let text: [UInt8]
        do throws(FileFault) {
            text = try WholeFile.readAll(tokenPath, limit: 256, links: .refused)
        } catch {
            throw UnreadableTrace(reason: "\(error)")
        }
        guard !text.isEmpty else { throw UnreadableTrace(reason: "\(tokenPath) is empty") }
        return String(decoding: text, as: UTF8.self)
    }

    private func replace(_ path: String, with bytes: [UInt8]) throws(StartupError) {
        do throws(FileFault) {
            try WholeFile.replaceDurably(path, with: bytes, links: .refused)
        } catch {
            throw StartupError(.cannotCreate, "\(error)")
        }
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
        try replace(effectivePath, with: bytes)
    }

    /// The description that the Holdfast which runs here, or ran here last, has
    /// written of itself; nil where there is none.
    package func effective() throws(UnreadableTrace) -> EffectiveView? {
        let bytes: [UInt8]
        do throws(FileFault) {
            bytes = try WholeFile.readAll(effectivePath, limit: 1 << 20, links: .refused)
        } catch {
            if error.isMissing { return nil }
            throw UnreadableTrace(reason: "\(error)")
        }
        do {
            return try AdminJSON.decode(EffectiveView.self, from: bytes)
        } catch {
            throw UnreadableTrace(reason: "\(effectivePath) is none of Holdfast's: \(AdminJSON.reason(error))")
        }
    }

    /// Tells whether the process that has written this of itself still lives.
    package func isOf(_ view: EffectiveView) -> Bool {
        guard isClaimed else { return false }
        // Another user's lock can't be read: only its listener can tell.
        guard let note = try? WholeFile.readAll(lockPath, limit: 64, links: .refused) else { return true }
        return String(decoding: note, as: UTF8.self) == String(view.pid)
    }

    /// Tells whether the process that claimed the folder still lives: the
    /// kernel lets go of its lock with it.
    private var isClaimed: Bool {
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
