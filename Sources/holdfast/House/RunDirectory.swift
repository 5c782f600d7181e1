import Access
import Files
import Glibc

/// Why a Holdfast does not start.
struct HouseError: Error {
    var message: String
    var status: ExitStatus
}

/// Where a running Holdfast keeps what lives as long as it does: the engines'
/// sockets, its lock, and the token with which commands on this machine talk
/// to it. Nobody else can enter it.
struct RunDirectory: Sendable {
    let path: String
    /// `.holdfast` beside the settings: where `make run` puts what it fetches.
    let house: String

    /// Of the Holdfast with these settings.
    ///
    /// `.holdfast/run` beside the settings; where that is too long a path for
    /// a Unix socket (108 bytes, unix(7)), a folder of this user's below the
    /// temporary directory that is named after it.
    init(besideSettings file: String) {
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
    /// - Throws: ``HouseError`` where another Holdfast has it.
    func claim() throws(HouseError) {
        let parent = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        if !parent.isEmpty, mkdir(parent, 0o755) != 0, errno != EEXIST { throw failure("make", parent) }
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw failure("make", path) }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
            throw HouseError(message: "\(path) is not a directory of this user's; remove it", status: .cannotCreate)
        }
        chmod(path, 0o700)
        do throws(FileFault) {
            let lock = try FileLock(lockPath)
            lock.note(String(getpid()))
            lock.keep()
        } catch {
            guard error.cause == .inUse else { throw HouseError(message: "\(error)", status: .cannotCreate) }
            let owner = (try? WholeFile.readAll(lockPath, limit: 16, links: .refused)) ?? []
            throw HouseError(
                message: "another Holdfast (process \(String(decoding: owner, as: UTF8.self))) runs with this "
                    + "configuration; stop it first, or give this one a configuration in another folder",
                status: .cannotCreate)
        }
    }

    /// Makes the token of this run. Whoever can read it may administer.
    func makeToken() throws(HouseError) -> KeySecret {
        let token = KeySecret(admin: true)
        do throws(FileFault) {
            try WholeFile.replaceDurably(tokenPath, with: Array(token.reveal().utf8), links: .refused)
        } catch {
            throw HouseError(message: "\(error)", status: .cannotCreate)
        }
        return token
    }

    /// The token of the Holdfast that runs here, nil if none does.
    func token() -> String? {
        guard let text = try? WholeFile.readAll(tokenPath, limit: 256, links: .refused), !text.isEmpty else {
            return nil
        }
        return String(decoding: text, as: UTF8.self)
    }

    func removeToken() { unlink(tokenPath) }

    private func failure(_ verb: String, _ path: String) -> HouseError {
        HouseError(message: "can't \(verb) \(path): \(String(cString: strerror(errno)))", status: .cannotCreate)
    }
}
