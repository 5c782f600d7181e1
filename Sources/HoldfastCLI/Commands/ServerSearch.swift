package import AdminAPI
package import HoldfastServer

/// The search for the Holdfast that a command talks to, by the run folders in
/// which it may run.
package struct ServerSearch: Sendable {
    /// `--run`: this folder and no other.
    package var run: String?
    /// `--config`: the folder beside these settings.
    package var config: String?
    package var environment: [String: String]
    /// The run folder of a system's service.
    package var systemFolder = "/run/holdfast"
    /// The settings where none are named.
    package var usualSettings = "holdfast.yaml"

    package init(run: String?, config: String?, environment: [String: String]) {
        self.run = run
        self.config = config
        self.environment = environment
    }

    /// The folders in which it may run, likeliest first.
    package var folders: [RunDirectory] {
        if let run { return [RunDirectory(at: run)] }
        if let config { return [RunDirectory(besideSettings: config)] }
        if let named = environment["HOLDFAST_RUN"], !named.isEmpty { return [RunDirectory(at: named)] }
        return [RunDirectory(at: systemFolder), RunDirectory(besideSettings: usualSettings)]
    }

    /// A Holdfast that has left a trace.
    package struct Found: Sendable {
        package var folder: RunDirectory
        package var effective: EffectiveView
        /// Tells whether its process still lives.
        package var isAlive: Bool

        init(_ folder: RunDirectory, _ effective: EffectiveView) {
            self.folder = folder
            self.effective = effective
            isAlive = folder.isOf(effective)
        }
    }

    /// The outcome of a search.
    package struct Result: Sendable {
        /// One that lives before one that doesn't; nil where there is none.
        package var found: Found?
        /// Traces that are there and can't be read, and why.
        package var objections: [String] = []
    }

    package func look() -> Result {
        var result = Result()
        for folder in folders {
            do throws(UnreadableTrace) {
                guard let effective = try folder.effective() else { continue }
                let found = Found(folder, effective)
                if found.isAlive {
                    result.found = found
                    return result
                }
                result.found = result.found ?? found
            } catch {
                result.objections.append(error.reason)
            }
        }
        return result
    }
}
