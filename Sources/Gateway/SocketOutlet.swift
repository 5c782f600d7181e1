import Glibc
package import NIOCore

/// The way of a connection's bytes into its socket.
///
/// While nothing waits in the channel's own queue, what was written goes to
/// the kernel in one call of `send`: the queue costs more than all else that
/// is done with a piece of a stream (Benchmarks/README.md). What the kernel
/// doesn't take goes through the channel, which sends it when it can; so does
/// everything where a socket has failed, for the channel to find out and end
/// the connection.
// Touched on its channel's event loop only.
package final class SocketOutlet {
    package let context: ChannelHandlerContext
    private let channel: any Channel
    private let options: (any NIOSynchronousChannelOptions)?
    /// Nil for channels that change the bytes on their way, or have no socket.
    private let socket: CInt?
    /// The bytes for the next flush that the channel doesn't have.
    private var unsent = ByteBuffer()
    /// True where the channel has bytes that its socket may not have taken.
    private var isQueued = false

    /// The most bytes that are copied to be sent at once. More pieces at a time
    /// go to the kernel as they are, by the channel's vectored write.
    static let mostCopied = 16 << 10

    private static let flags = CInt(MSG_NOSIGNAL | MSG_DONTWAIT)

    /// - Parameters:
    ///   - context: The handler that writes.
    ///   - isPlain: True where no handler between it and the socket changes the
    ///     bytes, as TLS does.
    package init(_ context: ChannelHandlerContext, isPlain: Bool) {
        self.context = context
        channel = context.channel
        options = context.channel.syncOptions
        let pipeline = context.pipeline.syncOperations
        socket =
            isPlain ? try? pipeline.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 } : nil
    }

    /// The bytes that the kernel hasn't taken.
    package var waiting: Int {
        unsent.readableBytes + (isQueued ? (try? options?.getOption(.bufferedWritableBytes)) ?? 0 : 0)
    }

    /// Takes bytes that go out with the next flush.
    package func write(_ bytes: ByteBuffer) {
        guard socket != nil, !isQueued else { return queue(bytes) }
        if unsent.readableBytes == 0 {
            unsent = bytes
        } else if unsent.readableBytes + bytes.readableBytes <= Self.mostCopied {
            unsent.writeImmutableBuffer(bytes)
        } else {
            queue(exchange(&unsent, with: ByteBuffer()))
            queue(bytes)
        }
    }

    /// Sends what was written, as far as the kernel takes it now.
    package func flush() {
        if unsent.readableBytes > 0 {
            var rest = exchange(&unsent, with: ByteBuffer())
            rest.moveReaderIndex(forwardBy: send(rest))
            guard rest.readableBytes > 0 else { return }
            queue(rest)
        }
        guard isQueued else { return }
        context.flush()
        isQueued = waiting > 0
    }

    private func queue(_ bytes: ByteBuffer) {
        isQueued = true
        context.write(NIOAny(bytes), promise: nil)
    }

    /// - Returns: The number of bytes that the kernel has taken.
    private func send(_ bytes: ByteBuffer) -> Int {
        // A channel closes its socket and becomes inactive in one step: the
        // socket's number isn't another connection's yet.
        guard let socket, channel.isActive else { return 0 }
        // Also where the call was interrupted: the channel makes it again.
        return bytes.withUnsafeReadableBytes { max(0, Glibc.send(socket, $0.baseAddress, $0.count, Self.flags)) }
    }
}
