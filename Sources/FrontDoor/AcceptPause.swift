import Glibc
import Logging
import NIOCore

/// Stops a listener from accepting while the process has no descriptors for
/// connections left, and looks again a little later.
///
/// A connection that can't be accepted stays in the kernel's queue, and the
/// socket stays readable: without a pause the event loop would try for ever
/// and do nothing else.
// Touched on the listener's event loop only.
final class AcceptPause: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = any Channel

    private let logger: Logger
    private var isPaused = false
    private var lastTold: NIODeadline?

    private static let pause = TimeAmount.milliseconds(250)

    init(logger: Logger) { self.logger = logger }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? IOError, Self.isShortage(error.errnoCode) {
            pauseAccepting(context)
        } else {
            context.fireErrorCaught(error)
        }
    }

    private static func isShortage(_ error: CInt) -> Bool {
        switch error {
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: true
        default: false
        }
    }

    private func pauseAccepting(_ context: ChannelHandlerContext) {
        guard !isPaused else { return }
        isPaused = true
        let channel = context.channel
        try? channel.syncOptions?.setOption(.autoRead, value: false)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) { [self] in
            isPaused = false
            try? channel.syncOptions?.setOption(.autoRead, value: true)
        }
        let now = NIODeadline.now()
        if lastTold.map({ now - $0 > .minutes(1) }) ?? true {
            lastTold = now
            logger.critical(
                "no file descriptors are left for callers; new ones wait until others leave (raise `ulimit -n`)")
        }
    }
}
