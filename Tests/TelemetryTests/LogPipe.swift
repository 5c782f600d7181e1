import Foundation
import GatewayTesting
import Synchronization
import Telemetry

/// A pipe whose other end the test holds.
final class LogPipe: Sendable {
    let sink: LogSink
    private let readEnd: Int32
    private let writeEnd: Int32
    private let text = Mutex([UInt8]())

    init(nonBlocking: Bool = false) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { fatalError("no pipe") }
        (readEnd, writeEnd) = (ends[0], ends[1])
        _ = fcntl(readEnd, F_SETFL, O_NONBLOCK)
        if nonBlocking { _ = fcntl(writeEnd, F_SETFL, O_NONBLOCK) }
        sink = LogSink(descriptor: writeEnd)
    }

    deinit {
        _ = close(readEnd)
        _ = close(writeEnd)
    }

    /// True if the kernel accepts no more bytes.
    var isFull: Bool {
        var wanted = pollfd(fd: writeEnd, events: Int16(POLLOUT), revents: 0)
        return poll(&wanted, 1, 0) == 0
    }

    /// Reads what is there.
    @discardableResult
    func drain() -> String {
        text.withLock { text in
            var piece = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = read(readEnd, &piece, piece.count)
                guard count > 0 else { break }
                text += piece[..<count]
            }
            return String(decoding: text, as: UTF8.self)
        }
    }

    /// Waits until the text holds `word`.
    func until(_ word: String) async throws -> String {
        var text = ""
        try await eventually("\(word) in the log") {
            text = drain()
            return text.contains(word)
        }
        return text
    }

    var lines: [String] { drain().split(separator: "\n").map(String.init) }
}
