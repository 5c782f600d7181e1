import ArgumentParser
import Encodings
import Files
import Glibc

/// The command line of the benchmarks of single parts. They run the same code as `holdfast`, but are not in that program.
struct HoldfastMeasure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "holdfast-measure",
        abstract: "Measure what parts of Holdfast do on this machine.",
        discussion: "Benchmarks/run.py compares the figures with the goals.",
        subcommands: [
            MeasureLedger.self, MeasureWeights.self, MeasureCounts.self, MeasureLanes.self, MeasureSupervisor.self,
        ])

    static func launch() async { await main() }
}

/// The exit codes of failed measurements: those of sysexits(3), as in `holdfast`. ArgumentParser itself reports a wrong
/// command line with 64.
extension ExitCode {
    /// The input or the result is wrong.
    static let dataError = ExitCode(65)
    /// The file to measure is missing.
    static let noInput = ExitCode(66)
    /// The upstream to measure with can't be reached.
    static let unavailable = ExitCode(69)
    /// A file could not be made.
    static let cannotCreate = ExitCode(73)
}

/// Writes a line to standard error.
func complain(_ line: String) {
    let bytes = Array(Printable.lines("holdfast-measure: \(line)\n").utf8)
    _ = bytes.withUnsafeBytes { Output.write($0, to: STDERR_FILENO) }
}
