import Gateway
import GatewayTesting
import NIOCore
import NIOPosix
import Providers
import Synchronization
import Testing
import Wire

/// A proxy that opens tunnels, or says no.
private final class TunnelProxy: ChannelInboundHandler, @unchecked Sendable {
    // Touched on its event loop only.
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let heads: Watched<[String]>
    private let answer: String
    private let target: Int
    private var pending = ByteBuffer()
    private var peer: (any Channel)?

    init(_ heads: Watched<[String]>, answer: String, target: Int) {
        (self.heads, self.answer, self.target) = (heads, answer, target)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if let peer { return peer.writeAndFlush(bytes, promise: nil) }
        pending.writeImmutableBuffer(bytes)
        let text = String(buffer: pending)
        guard text.contains("\r\n\r\n") else { return }
        heads.change { $0.append(text) }
        guard answer.contains(" 200 ") else {
            return context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
        }
        let channel = context.channel
        let answer = answer
        ClientBootstrap(group: context.eventLoop)
            .channelInitializer { peer in
                peer.eventLoop.makeCompletedFuture { try peer.pipeline.syncOperations.addHandler(Back(channel)) }
            }
            .connect(host: "127.0.0.1", port: target)
            .assumeIsolated()
            .whenSuccess { [self] peer in
                self.peer = peer
                channel.writeAndFlush(ByteBuffer(string: answer), promise: nil)
            }
    }

    func channelInactive(context: ChannelHandlerContext) { peer?.close(promise: nil) }

    private final class Back: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let other: any Channel
        init(_ other: any Channel) { self.other = other }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            other.writeAndFlush(unwrapInboundIn(data), promise: nil)
        }
        func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }
    }
}

@Suite struct ProxyTests {
    private func withProxy(
        answer: String = "HTTP/1.1 200 Connection established\r\n\r\n", to target: Int,
        _ body: (Int, Watched<[String]>) async throws -> Void
    ) async throws {
        let heads = Watched<[String]>([])
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(TunnelProxy(heads, answer: answer, target: target))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let result: Result<Void, any Error>
        do { result = .success(try await body(server.localAddress!.port!, heads)) } catch { result = .failure(error) }
        try await server.close()
        try result.get()
    }

    @Test func tlsGoesThroughATunnel() async throws {
        let certificate = try TLSTests.certificate.get()
        try await ScriptedUpstream.with(.answer(body: "{}"), certificate: certificate) { upstream in
            try await withProxy(to: upstream.port) { port, heads in
                let lane = try TestLane(.tcp(host: "localhost", port: 443)) { options in
                    options.tls = certificate.client
                    options.proxy = .init(host: "127.0.0.1", port: port, authorization: "Basic secret")
                }
                for _ in 0..<3 { #expect(try await lane.exchange().text == "{}") }
                #expect(heads.value.count == 1)
                #expect(heads.value[0].hasPrefix("CONNECT localhost:443 HTTP/1.1\r\n"))
                #expect(heads.value[0].lowercased().contains("proxy-authorization: basic secret"))
                // The provider is none of the proxy's, and its field not the provider's.
                #expect(upstream.requests.value[0]["proxy-authorization"] == nil)
                #expect(upstream.requests.value[0].uri == "/base/chat")
                lane.lane.retire()
                try await eventually { lane.lane.openConnections == 0 }
            }
        }
    }

    @Test(arguments: [
        "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n", "nonsense\r\n\r\n",
    ])
    func aProxyThatOpensNoTunnel(_ answer: String) async throws {
        let certificate = try TLSTests.certificate.get()
        try await withProxy(answer: answer, to: 0) { port, _ in
            let lane = try TestLane(.tcp(host: "localhost", port: 443)) { options in
                options.tls = certificate.client
                options.proxy = .init(host: "127.0.0.1", port: port)
            }
            guard case .unreachable(let why)? = await lane.failure() else {
                Issue.record("reached")
                return
            }
            #expect(!why.isEmpty)
            try await eventually { lane.lane.openConnections == 0 }
        }
    }

    @Test func aProxyThatSaysNothing() async throws {
        let certificate = try TLSTests.certificate.get()
        try await ScriptedUpstream.with(.silence) { upstream in
            let lane = try TestLane(.tcp(host: "localhost", port: 443)) { options in
                options.tls = certificate.client
                options.proxy = .init(host: "127.0.0.1", port: upstream.port)
                options.connectTimeout = .milliseconds(300)
            }
            let failure = try await inTime { await lane.failure() }
            #expect(failure != nil)
            try await eventually { lane.lane.openConnections == 0 }
        }
    }

    @Test func plainTargetsAreNamedInFull() async throws {
        try await ScriptedUpstream.with(.answer(body: "{}")) { upstream in
            let lane = try TestLane(.tcp(host: "provider.test", port: 80)) { options in
                options.proxy = .init(host: "127.0.0.1", port: upstream.port, authorization: "Basic secret")
            }
            #expect(try await lane.exchange(path: "/chat?x=1").text == "{}")
            let request = upstream.requests.value[0]
            #expect(request.uri == "http://provider.test/base/chat?x=1")
            #expect(request["host"] == "provider.test")
            #expect(request["proxy-authorization"] == "Basic secret")
        }
    }
}
