import Gateway
import HummingbirdCore
import HummingbirdTLS
package import Logging
package import NIOCore
import NIOHTTP1
package import NIOSSL
package import ServiceLifecycle

/// The applications' listener as a Hummingbird server: Hummingbird binds,
/// accepts, secures and shuts down; ``CallerConnection`` does the talking.
package struct Listener: ServerChildChannel {
    package struct Connection: ServerChildChannelValue {
        package let channel: any Channel
    }

    /// The objects that belong to one event loop.
    private final class Loop: @unchecked Sendable {
        // The date is touched on its event loop only.
        let executor: EventLoopTaskExecutor
        let date = DateField()
        init(_ eventLoop: any EventLoop) { executor = EventLoopTaskExecutor(eventLoop) }
    }

    private let reception: any RequestAdmission
    private let limits: ConnectionLimits
    private let bodies: BodyBudget
    private let unread: UnreadAnswers
    private let loops: [ObjectIdentifier: Loop]

    /// - Parameters:
    ///   - unread: shared by all listeners.
    ///   - eventLoops: they carry the connections; provider lanes must be made
    ///     for the same ones.
    package init(
        _ reception: any RequestAdmission, limits: ConnectionLimits, unread: UnreadAnswers, eventLoops: [any EventLoop]
    ) {
        self.reception = reception
        self.limits = limits
        self.unread = unread
        bodies = BodyBudget(limit: limits.bodies)
        loops = Dictionary(uniqueKeysWithValues: eventLoops.map { (ObjectIdentifier($0), Loop($0)) })
    }

    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Connection> {
        channel.eventLoop.makeCompletedFuture {
            guard let loop = loops[ObjectIdentifier(channel.eventLoop)] else { throw ChannelError.operationUnsupported }
            // The caller's end of file is its leaving, not half of it.
            try channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: false)
            try? channel.syncOptions?.setOption(.tcpOption(.tcp_nodelay), value: 1)
            // Kernels take megabytes for a caller that doesn't read: then
            // neither its rate nor what it costs could be seen.
            try? channel.syncOptions?.setOption(
                ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: Self.notSentLowWaterMark)),
                value: Self.mostUnsent)
            try channel.syncOptions?.setOption(.writeBufferWaterMark, value: .init(low: 8 << 10, high: 16 << 10))
            // One read at a time: what a caller sends ahead is held.
            try channel.syncOptions?.setOption(.maxMessagesPerRead, value: 1)
            var decoding = NIOHTTPDecoderLimitConfiguration()
            decoding.maxHeaderFieldSize = limits.header
            decoding.maxHeaderListSize = limits.header
            decoding.maxHeaderFieldCount = limits.headerCount
            let connection = CallerConnection(
                ConnectionSurroundings(
                    reception: reception, limits: limits, bodies: bodies, unread: unread, executor: loop.executor,
                    date: loop.date))
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(RequestGate(connection, longestLine: limits.header))
            try pipeline.addHandler(
                ByteToMessageHandler(
                    HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: decoding)))
            try pipeline.addHandler(connection)
            return Connection(channel: channel)
        }
    }

    /// TCP_NOTSENT_LOWAT of Linux.
    private static let notSentLowWaterMark: CInt = 25
    private static let mostUnsent = 128 << 10

    package func handle(value: Connection, logger: Logger) async {
        // Ends with the connection; its requests have tasks of their own,
        // which end with it too.
        let channel = value.channel
        await withTaskCancellationHandler {
            try? await channel.closeFuture.get()
        } onCancel: {
            channel.pipeline.fireUserInboundEventTriggered(DrainTimeIsOver())
        }
    }

    /// The server, to be run among the process's services.
    /// - Parameter mostConnections: beyond them callers wait in the kernel's
    ///   queue.
    package func service(
        host: String, port: Int, tls: TLSConfiguration?, mostConnections: Int = .max, group: any EventLoopGroup,
        logger: Logger, onRunning told: @escaping @Sendable (any Channel) async -> Void
    ) throws -> any Service {
        var quiet = logger
        quiet.logLevel = .critical
        let configuration = ServerConfiguration(
            address: .hostname(host, port: port), backlog: 1024,
            availableConnectionsDelegate: MaximumAvailableConnections(mostConnections, logger: quiet))
        let onRunning: @Sendable (any Channel) async -> Void = { channel in
            try? await channel.pipeline.addHandler(AcceptPause(logger: logger)).get()
            await told(channel)
        }
        guard let tls else {
            return server(
                configuration: configuration, onServerRunning: onRunning, eventLoopGroup: group, logger: logger)
        }
        return try TLSChannel(self, tlsConfiguration: tls)
            .server(configuration: configuration, onServerRunning: onRunning, eventLoopGroup: group, logger: logger)
    }
}
