import Signing
import WeightFiles
import ArgumentParser
import Wire

/// `holdfast weights key`
struct WeightsKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Make a key to sign with, on P-256.",
        discussion: """
            Writes NAME.key, readable by its owner only and not encrypted, and NAME.pub. Keys for a \
            service that matters are made and kept where that service doesn't run.

            Example: holdfast weights key ~/keys/custodian-1
            """)

    @Argument(help: "Where they go, without .key and .pub.", completion: .file()) var name: String

    @Flag(help: "Print JSON, for programs.") var json = false

    func run() async throws {
        let key = ECPrivateKey()
        try await told { () async throws(SigningProblem) in
            try SmallFile.write(key.pem, to: "\(name).key", mode: 0o600, replaces: false)
            try SmallFile.write(key.publicKey.pem, to: "\(name).pub", mode: 0o644, replaces: false)
        }
        guard json else { return print(key.publicKey.hint) }
        printJSON { json in
            json.member("hint", key.publicKey.hint)
            json.member("private_key", "\(name).key")
            json.member("public_key", "\(name).pub")
        }
    }
}
