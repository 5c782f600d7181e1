import ArgumentParser
import Settings
import Wire

/// `holdfast keys rotate-server-key`
struct KeysRotateServerKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate-server-key",
        abstract: "Begin a new version of the server's key, which secrets of SigV4 keys are made from.",
        usage: "holdfast keys rotate-server-key [<options>]",
        discussion: """
            Keys that are made from now on are made with the new version. Keys that
            there are keep their secrets: the versions that they were made with stay
            in the file until the last of them is revoked, and this command is run
            once more. To give all of them up, because the file may have been read:

              holdfast keys list --json | jq -r '.[] | select(.sigv4 and .state == "active") | .id' \\
                | xargs -n 1 holdfast keys revoke
              holdfast keys rotate-server-key
            """)

    @Option(help: "The file of the server's key. [default: as the settings say, or server-key beside the key file]")
    var serverKey: String?
    @Flag(help: "Print JSON, for programs.")
    var json = false
    @OptionGroup var keys: KeyFileOption

    func run() throws {
        let file = try keys.keyFile()
        let serverKeyFile = try keys.serverKeyFile(serverKey)
        let rotation: ServerKeyRotation
        do throws(KeyFileError) {
            rotation = try file.rotate(serverKeyFile)
        } catch {
            throw Keys.failure(error)
        }
        let older = rotation.older.sorted { $0.key < $1.key }
        guard !json else {
            return printJSON { json in
                json.member("file", serverKeyFile.path)
                json.member("version", rotation.version)
                json.array("removed") { json in rotation.removed.forEach { json.value($0) } }
                json.array("older") { json in
                    for (version, ids) in older {
                        json.object { json in
                            json.member("version", version)
                            json.array("keys") { json in ids.forEach { json.value($0) } }
                        }
                    }
                }
            }
        }
        print("\(serverKeyFile.path) has version \(rotation.version); keys that are made from now on are made with it.")
        if !rotation.removed.isEmpty {
            print(
                "Removed, since no key needs them: \(rotation.removed.map { "version \($0)" }.joined(separator: ", "))."
            )
        }
        for (version, ids) in older { print("Version \(version) stays for \(ids.joined(separator: ", ")).") }
    }
}
