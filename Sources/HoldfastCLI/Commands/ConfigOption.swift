import ArgumentParser
import Files
import Settings

/// `--config FILE`, which every command has that needs the settings.
struct ConfigOption: ParsableArguments {
    @Option(
        name: [.customLong("config"), .customShort("c")], help: "The settings.",
        completion: .file(extensions: ["yaml", "yml"]))
    var file = "holdfast.yaml"

    /// Reads the settings; prints every problem, and ends the command if there is an error.
    ///
    /// - Parameter warns: true if warnings are printed too. They matter for starting or checking a server, but not for
    ///   making a key.
    func load(warns: Bool) throws -> Settings {
        let reading = try Self.read(file)
        for problem in warns ? reading.problems : reading.errors { complain(problem.description) }
        guard let settings = reading.settings else { throw ExitStatus.config.exit }
        return settings
    }

    /// Reads a settings file; prints the reason and ends the command if it cannot be read at all.
    static func read(_ file: String) throws -> SettingsReading {
        do {
            let environment = CredentialVariables.joined(to: Surroundings.current.environment) { fault in
                complain("warning: \(fault)")
            }
            return try Settings.load(file, environment: environment)
        } catch {
            complain(error.description)
            if error.isMissing { complain("`make run` writes one with comments; --config names another.") }
            throw ExitStatus.noInput.exit
        }
    }
}
