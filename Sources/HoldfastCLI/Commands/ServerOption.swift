import AdminAPI
import ArgumentParser
import HoldfastServer
import Settings

/// The options `--run DIR` and `--config FILE`: the running Holdfast that a command asks.
///
/// The server is found by its run folder (``ServerSearch``), and the settings aren't
/// read where that has an `effective.json`: commands work whatever the
/// environment of the shell, and however broken the file.
struct ServerOption: ParsableArguments {
    @Option(
        name: .customLong("run"),
        help: """
            The server's run folder. [default: $HOLDFAST_RUN, /run/holdfast, or .holdfast/run beside the settings]
            """, completion: .directory)
    var run: String?

    @Option(
        name: [.customLong("config"), .customShort("c")], help: "The settings of the server. [default: holdfast.yaml]",
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    private var search: ServerSearch {
        ServerSearch(run: run, config: config, environment: Surroundings.current.environment)
    }

    /// The running server.
    /// - Throws: an exit code, once the reason has been printed.
    func running() throws -> RunningHoldfast {
        let found = try found()
        guard found.isAlive else {
            complain(
                "holdfast: the Holdfast of \(found.folder.path) no longer runs (it was process "
                    + "\(found.effective.pid)). Start one: holdfast serve --config \(found.effective.settings)")
            throw ExitStatus.unavailable.exit
        }
        return try RunningHoldfast(found.effective, found.folder)
    }

    /// The description that the running server has written of itself; nil if none runs.
    func effective() -> EffectiveView? {
        guard let found = search.look().found, found.isAlive else { return nil }
        return found.effective
    }

    /// The trace of a server that runs, or has run; nil where there is none. A
    /// missing server is no error here.
    func trace(_ settings: Settings?) -> ServerSearch.Found? {
        if let found = search.look().found { return found }
        guard run == nil, let settings, settings.runDirectory != nil else { return nil }
        let folder = RunDirectory(settings)
        guard let effective = try? folder.effective() else { return nil }
        return ServerSearch.Found(folder, effective)
    }

    private func found() throws -> ServerSearch.Found {
        let result = search.look()
        if let found = result.found { return found }
        if let found = try lookBySettings() { return found }
        for objection in result.objections { complain("holdfast: \(objection)") }
        let places = search.folders.map(\.path).joined(separator: " or ")
        complain(
            "holdfast: no Holdfast \(result.objections.isEmpty ? "runs" : "can be found") in \(places). Start one: "
                + "holdfast serve; --run names the run folder of one that runs elsewhere.")
        throw ExitStatus.unavailable.exit
    }

    /// The folder may have a setting of its own, and the settings may say why
    /// no server can be found.
    /// - Throws: an exit code, once the reason has been printed.
    private func lookBySettings() throws -> ServerSearch.Found? {
        guard run == nil else { return nil }
        // A file that was named and isn't there is an error of its own.
        if config != nil { _ = try ConfigOption.read(settingsFile) }
        guard let settings = settings() else { return nil }
        if config != nil, settings.admin == nil {
            complain(
                "\(settings.file): commands talk to a running Holdfast through `admin: 127.0.0.1:8081`; add it")
            throw ExitStatus.config.exit
        }
        guard settings.runDirectory != nil else { return nil }
        let folder = RunDirectory(settings)
        do throws(UnreadableTrace) {
            return try folder.effective().map { ServerSearch.Found(folder, $0) }
        } catch {
            complain("holdfast: \(error.reason)")
            throw ExitStatus.unavailable.exit
        }
    }

    /// The settings, as far as they can be read.
    func settings() -> Settings? {
        let environment = CredentialVariables.joined(to: Surroundings.current.environment, unreadable: { _ in })
        return try? Settings.load(settingsFile, environment: environment).settings
    }

    private var settingsFile: String {
        config ?? search.look().found?.effective.settings ?? search.usualSettings
    }

    // MARK: Files of the server

    /// The settings: for what no running server knows.
    /// - Throws: an exit code, once every error has been printed.
    func loadSettings() throws -> Settings {
        let reading = try ConfigOption.read(settingsFile)
        for problem in reading.errors { complain(problem.description) }
        guard let settings = reading.settings else { throw ExitStatus.config.exit }
        return settings
    }
}
