import Glibc

/// A descriptor that another process reads: a pipe, a terminal, a socket.
package enum Output {
    /// The bytes that a ready pipe takes without waiting: PIPE_BUF, pipe(7).
    private static let piece = 4096

    /// Writes bytes, and waits for the reader for a limited time only.
    ///
    /// - Parameter patience: the longest time to wait without a byte being accepted; nil waits without limit.
    /// - Returns: the number of bytes that were accepted.
    package static func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, patience: Duration? = nil
    ) -> Int {
        var done = 0
        while done < bytes.count {
            guard isReady(descriptor, within: patience) else { break }
            let count = uninterrupted {
                Glibc.write(descriptor, bytes.baseAddress! + done, min(bytes.count - done, piece))
            }
            if count < 0, errno == EAGAIN { continue }
            guard count > 0 else { break }
            done += count
        }
        return done
    }

    /// Returns whether the descriptor accepts bytes now, or would report at once why it does not.
    private static func isReady(_ descriptor: Int32, within patience: Duration?) -> Bool {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        let end = patience.map { ContinuousClock.now + $0 }
        let count = uninterrupted {
            guard let end else { return poll(&wanted, 1, -1) }
            let left = ContinuousClock.now.duration(to: end).components
            return poll(
                &wanted, 1, Int32(clamping: max(0, left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000)))
        }
        return count != 0
    }
}
