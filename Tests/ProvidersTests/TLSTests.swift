import Gateway
import GatewayTesting
import NIOCore
import NIOPosix
import NIOSSL
import Providers
import Testing
import Wire

@Suite struct TLSTests {
    static let certificate = Result { try TestCertificate() }

    @Test func aProviderWithACertificateOfItsOwn() async throws {
        let certificate = try Self.certificate.get()
        try await ScriptedUpstream.with(.answer(body: "{}"), certificate: certificate) { upstream in
            for host in ["localhost", "127.0.0.1"] {
                let lane = try TestLane(.tcp(host: host, port: upstream.port)) { $0.tls = certificate.client }
                for _ in 0..<3 { #expect(try await lane.exchange().text == "{}") }
                lane.lane.retire()
                try await eventually { lane.lane.openConnections == 0 }
            }
            #expect(upstream.connections.value.count == 2)
        }
    }

    @Test func aCertificateThatNobodyVouchesFor() async throws {
        let certificate = try Self.certificate.get()
        try await ScriptedUpstream.with(.answer(body: "{}"), certificate: certificate) { upstream in
            let other = try TestCertificate()
            let lane = try TestLane(.tcp(host: "localhost", port: upstream.port)) { $0.tls = other.client }
            guard case .unreachable(let why)? = await lane.failure() else {
                Issue.record("trusted")
                return
            }
            #expect(why.contains("not trusted") && !why.contains(".cc"), "\(why)")
            try await eventually { lane.lane.openConnections == 0 }
            #expect(upstream.requests.value.isEmpty)
        }
    }

    @Test(arguments: [
        ("20200101", "20200102", "expired at 2020-01-02"), ("20990101", "20990102", "not valid before 2099-01-01"),
    ])
    func aCertificateWhoseTimeIsOverOrHasntComeIsToldSo(_ from: String, _ until: String, _ words: String) async throws {
        let certificate = try TestCertificate(validity: (from, until))
        try await ScriptedUpstream.with(.answer(body: "{}"), certificate: certificate) { upstream in
            let lane = try TestLane(.tcp(host: "localhost", port: upstream.port)) { $0.tls = certificate.client }
            guard case .unreachable(let why)? = await lane.failure() else {
                Issue.record("trusted")
                return
            }
            #expect(why.contains(words), "\(why)")
            #expect(upstream.requests.value.isEmpty)
        }
    }

    @Test func aVersionThatIsTooOldIsNotSpoken() async throws {
        let certificate = try Self.certificate.get()
        var old = certificate.server
        old.maximumTLSVersion = .tlsv12
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { [context = try NIOSSLContext(configuration: old)] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let lane = try TestLane(.tcp(host: "localhost", port: server.localAddress!.port!)) { options in
            options.tls = certificate.client
            options.tls?.minimumTLSVersion = .tlsv13
        }
        guard case .unreachable(let why)? = await lane.failure() else {
            Issue.record("spoken")
            return
        }
        #expect(why.contains("tls.minimum"), "\(why)")
        try await server.close()
    }

    @Test func aServerThatSpeaksNoTLS() async throws {
        let certificate = try Self.certificate.get()
        try await ScriptedUpstream.with(.answer(body: "{}")) { upstream in
            let lane = try TestLane(upstream) { $0.tls = certificate.client }
            guard case .unreachable? = await lane.failure() else {
                Issue.record("reached")
                return
            }
            try await eventually { lane.lane.openConnections == 0 }
        }
    }

    @Test func aServerThatNeverShakesHands() async throws {
        let certificate = try Self.certificate.get()
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let lane = try TestLane(.tcp(host: "127.0.0.1", port: server.localAddress!.port!)) { options in
            options.tls = certificate.client
            options.connectTimeout = .milliseconds(300)
        }
        #expect(await lane.failure() == .connectTimeout)
        try await eventually { lane.lane.openConnections == 0 }
        try await server.close()
    }

    @Test func leavingEndsTheConnectionAtOnce() async throws {
        let certificate = try Self.certificate.get()
        try await ScriptedUpstream.with(.silence, certificate: certificate) { upstream in
            let lane = try TestLane(upstream) { $0.tls = certificate.client }
            let task = lane.start { $0.head.status }
            try await upstream.requests.until { $0.count == 1 }
            task.cancel()
            // By nothing else: all limits of the lane are `never`.
            #expect(try await upstream.closed(0).closedByPeer)
            try await eventually { lane.lane.openConnections == 0 }
        }
    }

    @Test func anIdleConnectionThatIsBeingClosedIsNotUsed() async throws {
        let certificate = try Self.certificate.get()
        try await ScriptedUpstream.with(.answer(body: "{}"), certificate: certificate) { upstream in
            let lane = try TestLane(upstream) { options in
                options.tls = certificate.client
                options.keepAlive = .milliseconds(1)
            }
            // Each pause ends about when the connection expires: expired ones are looked for every 50 ms.
            for round in 0..<20 {
                let text = try await inTime("round \(round)") { try await lane.exchange().text }
                #expect(text == "{}")
                try await Task.sleep(for: .milliseconds(45 + round % 10))
            }
        }
    }
}
