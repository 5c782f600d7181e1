import Gateway
package import NIOCore
import Synchronization
package import Wire

/// A caller that remembers what it was told.
package final class CollectedReply: CallerReply, Sendable {
    package struct Told: Sendable {
        package var head: ResponseHead?
        package var body = ByteBuffer()
        /// The pieces of a stream, as they were written.
        package var pieces: [ByteBuffer] = []
        package var isWhole = false
        package var isAborted = false
        /// Calls that no caller may get: a second head, bytes after the end.
        package var offences: [String] = []
    }

    private let state = Mutex(Told())
    private let leavesAfter: Int
    package let isCutOff: Bool

    /// - Parameters:
    ///   - leavesAfter: The number of pieces that the caller takes before it
    ///     goes away.
    ///   - isCutOff: True when the caller of a cancelled request can still get
    ///     a message.
    package init(leavesAfter: Int = .max, isCutOff: Bool = false) {
        self.leavesAfter = leavesAfter
        self.isCutOff = isCutOff
    }

    package var told: Told { state.withLock { $0 } }
    package var status: Int { told.head?.status ?? 0 }
    package var text: String { String(buffer: told.body) }
    package subscript(field: String) -> String? { told.head?.fields[field] }

    package var hasBegun: Bool { state.withLock { $0.head != nil } }

    package func send(_ head: ResponseHead, body: ByteBuffer) {
        state.withLock { told in
            if told.head != nil { told.offences.append("a second answer") }
            told.head = head
            told.body = body
            told.isWhole = true
        }
    }

    package func begin(_ head: ResponseHead) {
        state.withLock { told in
            if told.head != nil { told.offences.append("a second head") }
            told.head = head
        }
    }

    /// Every other piece, so that both ways are gone.
    package var takesNow: Bool { state.withLock { $0.pieces.count < leavesAfter && $0.pieces.count % 2 == 1 } }

    package func writeNow(_ bytes: ByteBuffer) { _ = take(bytes) }

    /// - Returns: False where the caller has gone.
    private func take(_ bytes: ByteBuffer) -> Bool {
        state.withLock { told in
            if told.head == nil { told.offences.append("a body without a head") }
            if told.isWhole || told.isAborted { told.offences.append("bytes after the end") }
            guard told.pieces.count < leavesAfter else { return false }
            told.pieces.append(bytes)
            told.body.writeImmutableBuffer(bytes)
            return true
        }
    }

    package func write(_ bytes: ByteBuffer) async throws {
        guard take(bytes) else { throw CancellationError() }
        // As a socket would now and then: a chance for others.
        await Task.yield()
    }

    package func finish() {
        state.withLock { told in
            if told.head == nil { told.offences.append("an end without a head") }
            if told.isWhole || told.isAborted { told.offences.append("two ends") }
            told.isWhole = true
        }
    }

    package func abort() { state.withLock { $0.isAborted = true } }
}
