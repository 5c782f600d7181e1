package import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// A provider that follows a script, on a real socket.
package final class ScriptedUpstream: Sendable {
    package enum Target: Sendable {
        /// Some free port of 127.0.0.1.
        case tcp
        case unix(path: String)
    }

    /// A request that has come, whole.
    package struct Received: Sendable {
        package var connection: Int
        package var method: String
        package var uri: String
        package var headers: [(name: String, value: String)]
        package var body: ByteBuffer

        package subscript(name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }
    }

    /// A connection that was taken.
    package struct Connection: Sendable {
        package var openedAt: ContinuousClock.Instant
        /// When it ended, whoever ended it.
        package var closedAt: ContinuousClock.Instant?
        package var closedByPeer = false
        /// Bytes that the socket has taken of ``Behaviour/neverEnds``.
        package var bytesTaken = 0
    }

    package let requests = Watched<[Received]>([])
    package let connections = Watched<[Connection]>([])
    private let behaviour: Watched<Behaviour>
    private let channel: any Channel

    package var port: Int { channel.localAddress?.port ?? 0 }

    /// The number of connections that are open at this moment.
    package var openConnections: Int { connections.value.count { $0.closedAt == nil } }

    /// Sets the behaviour that requests meet from now on.
    package func behave(_ behaviour: Behaviour) { self.behaviour.change { $0 = behaviour } }

    /// Waits until that connection has ended.
    package func closed(_ connection: Int) async throws -> Connection {
        try await connections.until("the end of connection \(connection)") {
            $0.count > connection && $0[connection].closedAt != nil
        }[connection]
    }

    private init(_ behaviour: Behaviour, _ place: Target, _ certificate: TestCertificate?, in group: any EventLoopGroup)
        async throws
    {
        let requests = requests
        let connections = connections
        let script = Watched(behaviour)
        self.behaviour = script
        let tls = try certificate.map { try NIOSSLContext(configuration: $0.server) }
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
                    try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
                    try pipeline.addHandler(
                        ScriptedHandler(requests: requests, connections: connections, behaviour: script))
                }
            }
        switch place {
        case .tcp: channel = try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
        case .unix(let path):
            channel = try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
        }
    }

    /// Runs an upstream for as long as `body` runs.
    package static func with<T>(
        _ behaviour: Behaviour, at place: Target = .tcp, certificate: TestCertificate? = nil,
        _ body: (ScriptedUpstream) async throws -> T
    ) async throws -> T {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let upstream = try await ScriptedUpstream(behaviour, place, certificate, in: group)
        let result: Result<T, any Error>
        do { result = .success(try await body(upstream)) } catch { result = .failure(error) }
        try await upstream.channel.close()
        try await group.shutdownGracefully()
        return try result.get()
    }

    /// Takes no more connections; those that are open stay.
    package func stopListening() async throws { try await channel.close() }
}
