import Access
import Settings

/// The keys that count, for each listener. The token with which commands on
/// this machine administer is in the administrators' ring only.
final class KeyStore: Sendable {
    let applications: KeyRing
    let administrators: KeyRing
    private let file: KeyFile?
    private let token: KeyRecord

    /// - Throws: ``StartupError`` for a key file that can't be read.
    init(_ setting: KeysSetting, token: KeySecret) throws(StartupError) {
        self.token = KeyRecord(name: "this machine", digest: token.digest, admin: true, created: .now, id: "local")
        switch setting {
        case .none:
            file = nil
            applications = .withoutKeys()
            administrators = KeyRing([self.token], now: .now)
        case .file(let path):
            let file = KeyFile(path: path)
            self.file = file
            do throws(KeyFileError) {
                let records = try file.load()
                applications = KeyRing(records, now: .now)
                administrators = KeyRing(records + [self.token], now: .now)
            } catch {
                throw StartupError(.configuration, error.description)
            }
        }
    }

    /// Takes over the key file as it is now.
    /// - Throws: ``KeyFileError``; the keys stay as they were then. A file
    ///   that is gone or empty takes no keys away.
    func reload() throws(KeyFileError) -> Int {
        guard let file else { return 0 }
        let records = applications.count == 0 ? try file.load() : try file.reload()
        applications.replace(with: records, now: .now)
        administrators.replace(with: records + [token], now: .now)
        return records.count
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
