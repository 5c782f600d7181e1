package import Dispatch
import Encodings
import Files
import Glibc
package import NIOCore
import Synchronization

/// The destination of all log lines: a file descriptor, which is written in batches outside the path of requests.
///
/// Lines wait in memory for at most ``interval``. When the reader of the descriptor stops reading, or the disk is full,
/// lines beyond ``capacity`` are dropped and counted, and their number is logged as soon as there is room again.
/// Serving requests is more important than logging, and the log must show that it has a gap.
package final class LogSink: Sendable {
    private struct State {
        var pending = ByteBuffer()
        var isScheduled = false
        var dropped = 0
    }

    private let descriptor: Int32
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "holdfast.log")

    static let interval = DispatchTimeInterval.milliseconds(20)
    static let capacity = 8 << 20

    package init(descriptor: Int32 = STDERR_FILENO) {
        self.descriptor = descriptor
    }

    /// Adds what `write` writes, which is to be whole lines.
    package func append(_ write: (inout ByteBuffer) -> Void) {
        let schedule = state.withLock { state -> Bool in
            guard state.pending.readableBytes < Self.capacity else {
                state.dropped += 1
                return false
            }
            write(&state.pending)
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if schedule { queue.asyncAfter(deadline: .now() + Self.interval) { self.drain() } }
    }

    /// Writes the waiting lines as soon as possible, without waiting for this: a reader that has stopped must not stop
    /// the code that logs.
    package func hurry() {
        queue.async { self.drain() }
    }

    /// Writes all that is waiting before it returns; for the process's end.
    ///
    /// - Parameter patience: the longest that it waits for a reader that has
    ///   stopped: what it doesn't take by then is lost.
    package func flush(within patience: DispatchTimeInterval = .seconds(1)) {
        let done = DispatchSemaphore(value: 0)
        queue.async {
            self.drain()
            done.signal()
        }
        _ = done.wait(timeout: .now() + patience)
    }

    private func drain() {
        let (bytes, dropped) = state.withLock { state -> (ByteBuffer, Int) in
            defer {
                state.pending = ByteBuffer()
                state.isScheduled = false
                state.dropped = 0
            }
            return (state.pending, state.dropped)
        }
        var lost = dropped
        if !write(bytes) { lost += bytes.readableBytesView.count { $0 == UInt8(ascii: "\n") } }
        guard lost > 0 else { return }
        let note = ByteBuffer(
            string: "{\"level\":\"warning\",\"message\":\"log lines were dropped\",\"count\":\(lost)}\n")
        if !write(note) { state.withLock { $0.dropped += lost } }
    }

    /// Waits on the queue's thread for as long as the reader does, so that no
    /// line is cut in half.
    private func write(_ bytes: ByteBuffer) -> Bool {
        bytes.withUnsafeReadableBytes { Output.write($0, to: descriptor) == $0.count }
    }
}

/// The time of a log line, made once a millisecond at most.
package struct LogTime: Sendable {
    private var second = 0
    private var text = ""

    package init() {}

    /// RFC 3339 in UTC with milliseconds.
    package mutating func now() -> String {
        var clock = timespec()
        clock_gettime(CLOCK_REALTIME, &clock)
        if clock.tv_sec != second {
            second = clock.tv_sec
            text = Timestamp.toTheSecond(second) + "."
        }
        let milliseconds = clock.tv_nsec / 1_000_000
        return String(unsafeUninitializedCapacity: text.utf8.count + 4) { bytes in
            var place = 0
            for byte in text.utf8 {
                bytes[place] = byte
                place += 1
            }
            for unit in [100, 10, 1] {
                bytes[place] = UInt8(ascii: "0") + UInt8(milliseconds / unit % 10)
                place += 1
            }
            bytes[place] = UInt8(ascii: "Z")
            return place + 1
        }
    }
}
