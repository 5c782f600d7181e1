import AdminAPI
import ArgumentParser
import FoundationEssentials
import HoldfastServer
import Settings

/// The options `--run DIR` and `--config FILE`: the running Holdfast that a command asks.
///
/// The server is found by its run folder. If the folder contains an `effective.json`, the settings aren't read, so
/// commands work with any environment of the shell, and even if the settings file is damaged.
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

    /// The folders in which it may run, likeliest first.
    private var folders: [RunDirectory] {
        if let run { return [RunDirectory(at: run)] }
        if let config { return [RunDirectory(besideSettings: config)] }
        if let named = ProcessInfo.processInfo.environment["HOLDFAST_RUN"], !named.isEmpty {
            return [RunDirectory(at: named)]
        }
        return [RunDirectory(at: "/run/holdfast"), RunDirectory(besideSettings: "holdfast.yaml")]
    }

    private var mayReadSettings: Bool { run == nil }

    /// The running server.
    /// - Throws: an exit code, once the reason has been printed.
    func running() throws -> RunningHoldfast {
        let (folder, effective) = try found()
        guard folder.isOf(effective) else {
            complain(
                "holdfast: the Holdfast of \(folder.path) no longer runs (it was process \(effective.pid)). "
                    + "Start one: holdfast serve --config \(effective.settings)")
            throw ExitStatus.unavailable.exit
        }
        return try RunningHoldfast(effective, folder)
    }

    /// The description that the running server has written of itself; nil if none runs.
    func effective() -> EffectiveView? { look().flatMap { $0.folder.isOf($0.effective) ? $0.effective : nil } }

    private typealias Found = (folder: RunDirectory, effective: EffectiveView)

    /// A folder of a server that lives before one of a server that doesn't.
    private func look() -> Found? {
        var last: Found?
        for folder in folders {
            guard let effective = folder.effective() else { continue }
            if folder.isOf(effective) { return (folder, effective) }
            last = last ?? (folder, effective)
        }
        return last
    }

    private func found() throws -> Found {
        if let found = look() { return found }
        if let found = try lookBySettings() { return found }
        let places = folders.map(\.path).joined(separator: " or ")
        complain(
            "holdfast: no Holdfast runs in \(places), or it is another user's. Start one: holdfast serve; "
                + "--run names the run folder of one that runs elsewhere.")
        throw ExitStatus.unavailable.exit
    }

    /// The folder may have a setting of its own, and the settings may say why
    /// no server can be found.
    /// - Throws: an exit code, once the reason has been printed.
    private func lookBySettings() throws -> Found? {
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
        return folder.effective().map { (folder, $0) }
    }

    /// The settings, as far as they can be read.
    func settings() -> Settings? {
        let environment = CredentialVariables.joined(to: ProcessInfo.processInfo.environment)
        return try? Settings.load(settingsFile, environment: environment).settings
    }

    private var settingsFile: String { config ?? look()?.effective.settings ?? "holdfast.yaml" }

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
