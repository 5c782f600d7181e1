import AdminAPI
import HoldfastServer
import Access
import ArgumentParser
import Files
import Settings
import Wire

/// `holdfast keys`
struct Keys: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Make, list and revoke the keys that applications use.",
        discussion: """
            Keys are in the file that `keys: {file: …}` in the settings names, as
            hashes only. A running server watches that file: a new key works, and
            a revoked one stops working, within a second.
            """,
        subcommands: [KeysCreate.self, KeysList.self, KeysRevoke.self, KeysRotateServerKey.self])

    /// Tells why a key file could not be read or changed, and gives the
    /// status to end with.
    static func failure(_ error: KeyFileError) -> ExitCode {
        complain(error.description)
        let status: ExitStatus =
            switch error {
            case .file(let fault):
                switch fault.operation {
                case .read: .noInput
                case .create: .cannotCreate
                default: .io
                }
            case .invalid, .gone, .emptied: .config
            case .serverKey(.file(let fault)): fault.operation == .read ? .noInput : .cannotCreate
            case .serverKey: .config
            case .nameTaken, .unknown, .ambiguous, .alreadyRevoked: .usage
            }
        return status.exit
    }
}

/// `holdfast keys revoke`
struct KeysRevoke: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "End a key, for good.",
        usage: "holdfast keys revoke <key> [<options>]",
        discussion: """
            A running server refuses it within a second; requests under way go on
            to their end. The key stays listed, so that logs that name it can
            still be understood.

              holdfast keys revoke k_3fa9c2d1
              holdfast keys revoke search-team
            """)

    @Argument(help: "The key's id, as `holdfast keys list` shows it, or its name.")
    var key: String
    @Flag(help: "Print JSON, for programs.")
    var json = false
    @OptionGroup var keys: KeyFileOption

    func run() throws {
        let file = try keys.keyFile()
        do throws(KeyFileError) {
            let record = try file.revoke(key, at: .now)
            guard !json else {
                return printJSON { json in
                    json.member("id", record.id)
                    json.member("name", record.name)
                    json.member("revoked", ifPresent: record.revoked?.description)
                }
            }
            print("\(record.id) (\(record.name)) is revoked.")
        } catch {
            throw Keys.failure(error)
        }
    }
}

/// `--file FILE`, and else the key file of a Holdfast.
struct KeyFileOption: ParsableArguments {
    @Option(help: "The key file itself; needs neither a server nor settings.", completion: .file(extensions: ["yaml"]))
    var file: String?
    @OptionGroup var server: ServerOption

    /// The key file: the one given, that of the running server, or that of the
    /// settings.
    /// - Throws: an exit code, once the reason has been printed.
    func keyFile() throws -> KeyFile {
        if let file { return KeyFile(path: file) }
        if let effective = server.effective() {
            return try Self.keyFile(effective.keyFile, of: effective.settings)
        }
        let settings = try server.loadSettings()
        return try Self.keyFile(settings.keyFile, of: settings.file)
    }

    /// The file of the server's key that belongs to the key file.
    /// - Parameter given: The value of `--server-key`.
    /// - Throws: an exit code, once the reason has been printed.
    func serverKeyFile(_ given: String?) throws -> ServerKeyFile {
        if let given { return ServerKeyFile(path: given) }
        if let file { return ServerKeyFile(besideKeyFile: file) }
        if let effective = server.effective(), let keyFile = effective.keyFile {
            return effective.serverKeyFile.map { ServerKeyFile(path: $0) } ?? ServerKeyFile(besideKeyFile: keyFile)
        }
        let settings = try server.loadSettings()
        guard let path = settings.serverKeyFile else {
            return ServerKeyFile(besideKeyFile: try Self.keyFile(settings.keyFile, of: settings.file).path)
        }
        return ServerKeyFile(path: path)
    }

    /// The running server that has keys of a file in force; nil where none has.
    func server(with file: KeyFile) -> EffectiveView? {
        // By the folder: the file itself may be gone.
        func name(_ path: String) -> String {
            let path = Folder.absolute(path)
            let folder = WholeFile.resolved(Folder.above(path))
            return folder + "/" + path[path.index(after: path.lastIndex(of: "/") ?? path.startIndex)...]
        }
        guard let effective = server.effective(), let own = effective.keyFile, effective.keys ?? 0 > 0,
            name(own) == name(file.path)
        else { return nil }
        return effective
    }

    private static func keyFile(_ path: String?, of settings: String) throws -> KeyFile {
        guard let path else {
            complain("\(settings) has `keys: none`; write `keys: {file: .holdfast/keys.yaml}` to use keys")
            throw ExitStatus.config.exit
        }
        return KeyFile(path: path)
    }
}
