import ArgumentParser
import Encodings
import Files
import Glibc

/// The command line that trains and evaluates the supervisor's first stage. Not part of what `make install` installs.
struct HoldfastTrain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "holdfast-train",
        abstract: "Train and evaluate the first stage of supervision.",
        subcommands: [
            TrainFirstStage.self, EvaluateFirstStage.self, DisguiseTexts.self, ScoreTexts.self, MakeHarmless.self,
        ])
}

/// The exit codes of failed commands: those of sysexits(3), as in `holdfast`.
extension ExitCode {
    /// The input is wrong.
    static let dataError = ExitCode(65)
    /// The input is missing.
    static let noInput = ExitCode(66)
    /// A file could not be made.
    static let cannotCreate = ExitCode(73)
}

/// Writes a line to standard error.
func complain(_ line: String) {
    let bytes = Array(Printable.lines("holdfast-train: \(line)\n").utf8)
    _ = bytes.withUnsafeBytes { Output.write($0, to: STDERR_FILENO) }
}
