import Gateway
import GatewayTesting
import NIOCore
import NIOPosix
import Providers
import Testing
import Wire

@Suite struct PatienceTests {
    // In each test one limit of the lane is short; all others are `never`.

    @Test func anUpstreamThatSaysNothing() async throws {
        try await ScriptedUpstream.with(.silence) { upstream in
            let lane = try TestLane(upstream) { $0.firstByteTimeout = .milliseconds(200) }
            let began = ContinuousClock.now
            #expect(await lane.failure() == .firstByteTimeout)
            #expect(began.duration(to: .now) >= .milliseconds(200))
            _ = try await upstream.closed(0)
            try await eventually { lane.lane.openConnections == 0 }
        }
    }

    @Test(arguments: [1, 20, 120]) func anUpstreamThatStopsInTheMiddle(_ offset: Int) async throws {
        try await ScriptedUpstream.with(
            .stall(afterBytes: offset, of: .answer(body: String(repeating: "x", count: 100)))
        ) { upstream in
            let lane = try TestLane(upstream) { options in
                options.idleTimeout = .milliseconds(200)
                // Until the head is whole. Long enough for its first byte on a busy machine.
                options.firstByteTimeout = .seconds(1)
            }
            #expect(await lane.failure() == .stalled)
            _ = try await upstream.closed(0)
        }
    }

    @Test func anUpstreamThatTrickles() async throws {
        let events = Array(repeating: "data: x\n\n", count: 1000)
        try await ScriptedUpstream.with(.sse(events, every: .milliseconds(10))) { upstream in
            let lane = try TestLane(upstream) { $0.totalTimeout = .milliseconds(300) }
            let began = ContinuousClock.now
            #expect(await lane.failure() == .totalTimeout)
            #expect(began.duration(to: .now) >= .milliseconds(300))
        }
    }

    @Test func aSlowReaderIsNotTheProvidersFault() async throws {
        try await ScriptedUpstream.with(.sse(["a", "b"])) { upstream in
            let lane = try TestLane(upstream) { $0.idleTimeout = .milliseconds(200) }
            let text = try await lane.run { response in
                // The slow reader: three times the limit.
                try await Task.sleep(for: .milliseconds(600))
                return String(buffer: try await response.collect(upTo: 100))
            }
            #expect(text == "ab")
        }
    }

    @Test func nobodyListens() async throws {
        // A port that was free a moment ago.
        let port = try await ScriptedUpstream.with(.silence) { $0.port }
        let lane = try TestLane(.tcp(host: "127.0.0.1", port: port))
        for _ in 0..<3 {
            guard case .unreachable(let why)? = await lane.failure() else {
                Issue.record("reached")
                continue
            }
            #expect(why == "the connection was refused")
        }
        #expect(lane.lane.openConnections == 0)
    }

    @Test func aSocketThatIsNotThere() async throws {
        let lane = try TestLane(.unix(path: "/tmp/holdfast-no-such-socket-\(UInt64.random(in: 0 ... .max))"))
        guard case .unreachable(let why)? = await lane.failure() else {
            Issue.record("reached")
            return
        }
        #expect(why == "its socket is not there")
    }

    @Test func aNameThatIsNoName() async throws {
        let lane = try TestLane(.tcp(host: "no-such-host.invalid", port: 443))
        guard case .unreachable? = await lane.failure() else {
            Issue.record("reached")
            return
        }
        #expect(lane.lane.openConnections == 0)
    }

    @Test func allWhoWaitForAnUnreachableProviderAreTold() async throws {
        let port = try await ScriptedUpstream.with(.silence) { $0.port }
        let lane = try TestLane(.tcp(host: "127.0.0.1", port: port), loops: 4) { $0.maxConnections = 3 }
        let failures = try await inTime {
            await withTaskGroup(of: LaneFailure?.self) { group in
                for number in 0..<50 { group.addTask { await lane.failure(on: number % 4) } }
                return await group.reduce(into: []) { $0.append($1) }
            }
        }
        #expect(failures.count == 50)
        #expect(failures.allSatisfy { if case .unreachable? = $0 { true } else { false } })
        #expect(lane.lane.openConnections == 0)
    }

    @Test func aUnixSocketServesToo() async throws {
        let path = "/tmp/holdfast-test-\(UInt32.random(in: 0 ... .max)).sock"
        try await ScriptedUpstream.with(.answer(body: "{}"), at: .unix(path: path)) { upstream in
            let lane = try TestLane(.unix(path: path))
            for _ in 0..<3 { #expect(try await lane.exchange().text == "{}") }
            #expect(upstream.connections.value.count == 1)
        }
    }
}
