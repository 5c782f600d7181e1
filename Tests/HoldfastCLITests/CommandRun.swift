import ArgumentParser
import HoldfastCLI
import Synchronization

/// The end of a command: its exit code, and all that it has written.
struct CommandRun: Sendable {
    var code: Int32
    /// Standard output.
    var output: String
    /// Standard error.
    var remarks: String

    var lines: [String] { output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }
}

/// Runs a command of Holdfast's to its end, in this process.
///
/// - Parameters:
///   - words: as a shell hands them over, without the program's name.
///   - environment: all variables that it sees.
func run(_ words: [String], environment: [String: String] = [:]) async -> CommandRun {
    let output = Mutex("")
    let remarks = Mutex("")
    let surroundings = Surroundings(
        environment: environment, output: { text in output.withLock { $0 += text } },
        remarks: { text in remarks.withLock { $0 += text } })
    let code = await Surroundings.$current.withValue(surroundings) { () async -> Int32 in
        do {
            var command = try Holdfast.parseAsRoot(words)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return 0
        } catch {
            // As ArgumentParser itself ends a command.
            let code = Holdfast.exitCode(for: error).rawValue
            let message = Holdfast.fullMessage(for: error)
            if !message.isEmpty {
                if code == 0 {
                    output.withLock { $0 += message + "\n" }
                } else {
                    remarks.withLock { $0 += message + "\n" }
                }
            }
            return code
        }
    }
    return CommandRun(code: code, output: output.withLock { $0 }, remarks: remarks.withLock { $0 })
}

func run(_ words: String..., environment: [String: String] = [:]) async -> CommandRun {
    await run(words, environment: environment)
}
