import Access
import ArgumentParser
import Files
import Settings

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
        subcommands: [KeysCreate.self, KeysList.self, KeysRevoke.self])

    /// The key file that the settings name; ends the command if keys are
    /// switched off.
    static func file(of settings: Settings) throws -> KeyFile {
        guard let path = settings.keyFile else {
            complain("\(settings.file) has `keys: none`; write `keys: {file: .holdfast/keys.yaml}` to use keys")
            throw ExitStatus.config.exit
        }
        return KeyFile(path: path)
    }

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
        discussion: """
            A running server refuses it within a second; requests under way go on
            to their end. The key stays listed, so that logs that name it can
            still be understood.

              holdfast keys revoke k_3fa9c2d1
              holdfast keys revoke search-team
            """)

    @Argument(help: "The key's id, as `holdfast keys list` shows it, or its name.")
    var key: String
    @OptionGroup var config: ConfigOption

    func run() throws {
        let file = try Keys.file(of: config.load(warns: false))
        do throws(KeyFileError) {
            let record = try file.revoke(key, at: .now)
            print("\(record.id) (\(record.name)) is revoked.")
        } catch {
            throw Keys.failure(error)
        }
    }
}
