import Glibc

/// A descriptor that another process reads: a pipe, a terminal, a socket.
package enum Output {
    /// The bytes that a ready pipe takes without waiting: PIPE_BUF, pipe(7).
    private static let piece = 4096

    /// Writes, and waits for the reader only so long.
    ///
    /// - Parameter patience: the longest time without a byte taken; nil waits
    ///   without an end.
    /// - Returns: how many bytes were taken.
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

    /// Whether the descriptor takes bytes, or says at once why it does not.
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
