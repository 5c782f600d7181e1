/// `effective.json` in the run folder of a running Holdfast: where it listens
/// and keeps its files. Holds no secret.
///
/// Commands on the same machine read it in place of the settings, which may be
/// broken, elsewhere, or need another environment.
package struct EffectiveView: Codable, Sendable, Hashable {
    /// The ledger of the server.
    package struct Ledger: Codable, Sendable, Hashable {
        package struct Witness: Codable, Sendable, Hashable {
            package var url: String
            /// The witness's public key (C2SP vkey).
            package var key: String

            package init(url: String, key: String) {
                self.url = url
                self.key = key
            }
        }

        package var name: String
        package var directory: String
        package var policyFile: String?
        package var witnesses: [Witness]

        package init(name: String, directory: String, policyFile: String?, witnesses: [Witness]) {
            self.name = name
            self.directory = directory
            self.policyFile = policyFile
            self.witnesses = witnesses
        }
    }

    /// The process.
    package var pid: Int
    /// Absolute, as all paths here are.
    package var settings: String
    package var listen: String
    /// Tells whether `listen` speaks HTTPS.
    package var tls: Bool
    /// Nil where there is no listener for administrators.
    package var admin: String?
    /// Nil where keys are switched off.
    package var keyFile: String?
    /// The number of keys that were taken out of that file last, with those
    /// that have ended; nil where keys are switched off.
    package var keys: Int?
    /// The file of the server's key, which SigV4 keys need; nil where keys are
    /// switched off.
    package var serverKeyFile: String?
    package var dataDirectory: String
    package var ledger: Ledger?
    package var routes: [String]

    package init(
        pid: Int, settings: String, listen: String, tls: Bool, admin: String?, keyFile: String?, dataDirectory: String,
        ledger: Ledger?, routes: [String]
    ) {
        self.pid = pid
        self.settings = settings
        self.listen = listen
        self.tls = tls
        self.admin = admin
        self.keyFile = keyFile
        self.dataDirectory = dataDirectory
        self.ledger = ledger
        self.routes = routes
    }
}
