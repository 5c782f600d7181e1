import ArgumentParser
import CLinux
import HoldfastServer
import Settings

/// `holdfast serve`
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the gateway and the engines it hosts.",
        discussion: """
            Runs until SIGTERM or Ctrl-C: then no new requests are taken, running ones get \
            `limits.drain` to finish. An edit of the configuration or of the key file, and \
            SIGHUP, take effect without dropping a request; a broken edit changes nothing and \
            says why.

            Example: holdfast serve --config holdfast.yaml
            """)

    @OptionGroup var config: ConfigOption

    @Option(
        name: .customLong("greet-key-file"),
        help: "Once ready, print ready-made client lines with the key in this file.", completion: .file())
    var greetKeyFile: String?

    func run() async throws {
        let settings = try config.load(warns: true)
        // Thousands of callers, each with a connection on either side.
        _ = clinux_raise_open_files()
        do {
            try await HoldfastServer(settings).run(greetKeyFile: greetKeyFile)
        } catch let error as StartupError {
            complain("holdfast: \(error.message)")
            throw ExitStatus(error.kind).exit
        }
    }
}

extension ExitStatus {
    init(_ kind: StartupError.Kind) {
        self =
            switch kind {
            case .configuration: .config
            case .missingFile: .noInput
            case .cannotCreate: .cannotCreate
            case .unavailable: .unavailable
            }
    }
}
