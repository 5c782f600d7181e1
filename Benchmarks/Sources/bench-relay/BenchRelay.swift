import ArgumentParser
import NIOCore
import NIOPosix

/// The least that a proxy on SwiftNIO can cost: copies the bytes of each
/// connection to one of its own to the provider, and back, without a look at
/// them.
///
/// The figure of a gateway on SwiftNIO less this one is the gateway's own part.
@main
struct BenchRelay: AsyncParsableCommand {
    @Option(help: "Port to listen on, of 127.0.0.1.") var port: Int
    @Option(help: "Port of the provider, of 127.0.0.1.") var upstream: Int
    @Option(help: "Event loops.") var loops = System.coreCount

    func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
        let upstream = upstream
        let server = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { caller in
                // On the caller's event loop: one thread for both sides.
                ClientBootstrap(group: caller.eventLoop)
                    .channelOption(.autoRead, value: false)
                    .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .connect(host: "127.0.0.1", port: upstream)
                    .flatMapThrowing { provider in
                        try caller.pipeline.syncOperations.addHandler(Copier(to: provider))
                        try provider.pipeline.syncOperations.addHandler(Copier(to: caller))
                        for channel in [caller, provider] {
                            channel.setOption(.autoRead, value: true).whenFailure { _ in channel.close(promise: nil) }
                        }
                    }
            }
            .bind(host: "127.0.0.1", port: port).get()
        try await server.closeFuture.get()
    }
}

/// Writes what one side has sent to the other, once for each time that the loop
/// has read it.
private final class Copier: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let other: any Channel

    init(to other: any Channel) { self.other = other }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { other.write(unwrapInboundIn(data), promise: nil) }
    func channelReadComplete(context: ChannelHandlerContext) { other.flush() }
    func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
