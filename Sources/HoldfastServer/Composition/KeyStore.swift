import Access
import Settings
import Synchronization

/// The keys that count, for each listener. The token with which commands on
/// this machine administer is in the administrators' ring only.
final class KeyStore: Sendable {
    let applications: KeyRing
    let administrators: KeyRing
    private let file: KeyFile?
    private let serverKeyFile: ServerKeyFile?
    /// The server's keys as they were read last.
    private let serverKeys = Mutex(ServerKeys())
    private let token: KeyRecord

    /// - Throws: ``StartupError`` for a key file that can't be read.
    init(_ setting: KeysSetting, token: KeySecret) throws(StartupError) {
        self.token = KeyRecord(name: "this machine", digest: token.digest, admin: true, created: .now, id: "local")
        switch setting {
        case .none:
            file = nil
            serverKeyFile = nil
            applications = .withoutKeys()
            administrators = KeyRing([self.token], now: .now)
        case .file(let path, let serverKey):
            let file = KeyFile(path: path)
            self.file = file
            let serverKeyFile = ServerKeyFile(path: serverKey)
            self.serverKeyFile = serverKeyFile
            do throws(KeyFileError) {
                let records = try file.load()
                let known = try Self.serverKeys(serverKeyFile) ?? ServerKeys()
                serverKeys.withLock { $0 = known }
                applications = KeyRing(records, serverKeys: known, now: .now)
                administrators = KeyRing(records + [self.token], now: .now)
            } catch {
                throw StartupError(.configuration, error.description)
            }
        }
    }

    /// Takes over the key file, and the server's key, as they are now.
    /// - Returns: the number of keys, of those that count no longer, and the fault
    ///   of the server's key, which stays as it was then: a revocation doesn't
    ///   wait for that.
    /// - Throws: ``KeyFileError``; the keys stay as they were then. A file
    ///   that is gone or empty takes no keys away.
    func reload() throws(KeyFileError) -> (count: Int, revoked: Int, fault: KeyFileError?) {
        guard let file, let serverKeyFile else { return (0, 0, nil) }
        let records = applications.count == 0 ? try file.load() : try file.reload()
        var known = serverKeys.withLock { $0 }
        var fault: KeyFileError?
        do throws(KeyFileError) {
            if let found = try Self.serverKeys(serverKeyFile) { known = found }
        } catch {
            fault = error
        }
        serverKeys.withLock { $0 = known }
        let revoked = applications.replace(with: records, serverKeys: known, now: .now)
        administrators.replace(with: records + [token], now: .now)
        return (records.count, revoked, fault)
    }

    /// The server's keys; nil where there is no file, which only keys that sign
    /// need.
    private static func serverKeys(_ file: ServerKeyFile) throws(KeyFileError) -> ServerKeys? {
        do throws(ServerKeyFault) {
            return try file.read()
        } catch {
            throw .serverKey(error)
        }
    }

    /// The reason why signatures of some keys can't be checked; nil where those of all can.
    var unreadySigners: String? {
        let ids = applications.unready
        guard !ids.isEmpty, let serverKeyFile else { return nil }
        return "\(serverKeyFile.path) lacks the version of the server's key that \(ids.joined(separator: ", ")) "
            + "\(ids.count == 1 ? "was" : "were") made with; put back the copy that you keep, or make new keys"
    }

    /// The number of keys in force, with those that have ended; nil where keys
    /// are switched off.
    var count: Int? { file == nil ? nil : applications.count }

    /// The fault of a key file that no longer has the keys in force; nil while
    /// it has them.
    var loss: KeyFileError? {
        guard let file, applications.count > 0 else { return nil }
        do throws(KeyFileError) {
            _ = try file.reload()
            return nil
        } catch {
            return error
        }
    }
}
