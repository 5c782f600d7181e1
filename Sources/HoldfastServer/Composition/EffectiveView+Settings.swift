import AdminAPI
import Files
import Glibc
import Ledger
import Settings

extension EffectiveView {
    /// - Parameter keys: the number of keys in force; nil where they are
    ///   switched off.
    init(_ settings: Settings, keys: Int?) {
        func absolute(_ path: String) -> String { Folder.absolute(path) }
        self.init(
            pid: Int(getpid()), settings: absolute(settings.file), listen: "\(settings.listen)",
            tls: settings.tls != nil, admin: settings.admin.map { "\($0)" },
            keyFile: settings.keyFile.map(absolute), dataDirectory: absolute(settings.dataDirectory),
            ledger: settings.ledger.map { ledger in
                Ledger(
                    name: ledger.name, directory: absolute(ledger.directory),
                    policyFile: ledger.policyFile.map(absolute),
                    witnesses: ledger.witnesses.map { .init(url: $0.url.text, key: $0.key.vkey) })
            },
            routes: settings.routes.map(\.name))
        self.keys = keys
        serverKeyFile = settings.serverKeyFile.map(absolute)
    }
}
