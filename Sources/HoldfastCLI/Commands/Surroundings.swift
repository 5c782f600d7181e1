import Encodings
import Files
import FoundationEssentials
import Glibc

/// The surroundings of a command: the variables that it reads, and the two
/// streams that it writes.
///
/// Those of the process, unless others were put around the task that runs the
/// command.
package struct Surroundings: Sendable {
    package var environment: [String: String]
    /// Takes what the command was asked for.
    package var output: @Sendable (String) -> Void
    /// Takes everything else: progress, warnings, reasons.
    package var remarks: @Sendable (String) -> Void

    package init(
        environment: [String: String], output: @escaping @Sendable (String) -> Void,
        remarks: @escaping @Sendable (String) -> Void
    ) {
        self.environment = environment
        self.output = output
        self.remarks = remarks
    }

    @TaskLocal package static var current = Surroundings(
        environment: ProcessInfo.processInfo.environment,
        output: { Swift.print($0, terminator: "") },
        remarks: { text in
            let bytes = Array(text.utf8)
            _ = bytes.withUnsafeBytes { Output.write($0, to: STDERR_FILENO) }
        })
}

/// Writes a line to standard error: everything that is not what the command
/// was asked for, so that its output can be piped.
func complain(_ line: String) { Surroundings.current.remarks(Printable.lines(line) + "\n") }

/// Tells on standard output. In place of Swift's own in all of this module:
/// what a file, a provider or a caller wrote never moves the terminal's
/// cursor, nor turns the reading direction.
func print(_ text: String, terminator: String = "\n") {
    Surroundings.current.output(Printable.lines(text) + terminator)
}
