import ArgumentParser
import EngineHost

/// `holdfast engine-guard -- command…`: stands between Holdfast and an engine
/// that knows nothing of it. Not for people.
struct EngineGuard: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine-guard", abstract: "Run an engine that ends when Holdfast does.", shouldDisplay: false)

    @Option(help: "How many files of weights come over standard input.")
    var weights = 0

    @Argument(parsing: .postTerminator, help: "The engine's command.")
    var command: [String] = []

    func run() throws {
        throw ExitCode(runEngineGuard(command, weights: max(0, weights)))
    }
}
