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

    /// What belongs to one event loop.
    private final class Loop: @unchecked Sendable {
        // The date is touched on its event loop only.
        let executor: EventLoopTaskExecutor
        let date = DateField()
        init(_ eventLoop: any EventLoop) { executor = EventLoopTaskExecutor(eventLoop) }
    }

    private let reception: any Reception
    private let limits: ConnectionLimits
    private let budget: BodyBudget
    private let loops: [ObjectIdentifier: Loop]

    /// - Parameter group: its event loops carry the connections; provider
    ///   lanes must be made for the same ones.
    package init(_ reception: any Reception, limits: ConnectionLimits, eventLoops: [any EventLoop]) {
        self.reception = reception
        self.limits = limits
        budget = BodyBudget(limit: limits.bodies)
        loops = Dictionary(uniqueKeysWithValues: eventLoops.map { (ObjectIdentifier($0), Loop($0)) })
    }

    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Connection> {
        channel.eventLoop.makeCompletedFuture {
            guard let loop = loops[ObjectIdentifier(channel.eventLoop)] else { throw ChannelError.operationUnsupported }
            // The caller's end of file is its leaving, not half of it.
            try channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: false)
            try? channel.syncOptions?.setOption(.socketOption(.tcp_nodelay), value: 1)
            var decoding = NIOHTTPDecoderLimitConfiguration()
            decoding.maxHeaderFieldSize = limits.header
            decoding.maxHeaderListSize = limits.header
            decoding.maxHeaderFieldCount = limits.headerCount
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(
                ByteToMessageHandler(
                    HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: decoding)))
            try pipeline.addHandler(
                CallerConnection(reception, limits: limits, budget: budget, executor: loop.executor, date: loop.date))
            return Connection(channel: channel)
        }
    }

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
    package func service(
        host: String, port: Int, tls: TLSConfiguration?, group: any EventLoopGroup, logger: Logger,
        onRunning: @escaping @Sendable (any Channel) async -> Void
    ) throws -> any Service {
        let configuration = ServerConfiguration(address: .hostname(host, port: port), backlog: 1024)
        guard let tls else {
            return server(
                configuration: configuration, onServerRunning: onRunning, eventLoopGroup: group, logger: logger)
        }
        return try TLSChannel(self, tlsConfiguration: tls)
            .server(configuration: configuration, onServerRunning: onRunning, eventLoopGroup: group, logger: logger)
    }
}
