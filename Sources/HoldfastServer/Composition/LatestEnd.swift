import Dispatch
import Files
import Glibc

/// The guarantee that a process which is asked to end does end: within the drain time and 5 seconds, even if a log that
/// is no longer read, a disk or a mount hangs.
///
/// It listens to SIGTERM and SIGINT in addition to the services that drain, and ends the process itself once the time
/// is over. Everything acknowledged is durable before, so such an end loses no more than a crash would.
enum LatestEnd {
    /// After the drain time: what engines and the ledger need at the end, and
    /// less than the 5 seconds that are promised.
    private static let grace = 4.5
    /// The exit code of a process that hung: sysexits(3) has EX_SOFTWARE.
    private static let hung: Int32 = 70

    /// Begins to listen, for the rest of the process's life.
    ///
    /// - Parameter lastWords: a sentence about what is lost with the process;
    ///   nil where nothing is.
    static func begin(drain: Duration, lastWords: @escaping @Sendable () -> String? = { nil }) {
        let components = drain.components
        let time = Double(components.seconds) + Double(components.attoseconds) * 1e-18 + grace
        let queue = DispatchQueue(label: "holdfast.latest-end")
        for number in [SIGTERM, SIGINT] {
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                // Named here, the source keeps itself.
                guard !source.isCancelled else { return }
                queue.asyncAfter(deadline: .now() + time) { end(lastWords()) }
            }
            source.activate()
        }
    }

    private static func end(_ lastWords: String?) {
        var text = "holdfast: something hangs; the process ends without waiting for it\n"
        if let lastWords { text += "holdfast: \(lastWords)\n" }
        _ = text.withUTF8 { Output.write(UnsafeRawBufferPointer($0), to: STDERR_FILENO, patience: .milliseconds(100)) }
        _exit(hung)
    }
}
