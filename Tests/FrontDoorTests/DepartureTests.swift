import Seeded
import FrontDoor
import Gateway
import GatewayTesting
import NIOCore
import ServiceLifecycle
import Testing
import Wire

/// Callers that go away, and houses that close.
@Suite(.serialized) struct DepartureTests {
    /// The promise is 100 ms; Tests/Clients measures it, one test at a time.
    /// Here all suites share the cores.
    static let promised = Duration.seconds(2)

    enum Way: CaseIterable { case closing, vanishing }

    /// The time from a caller's leaving to the end of the provider's work, at
    /// best of a few tries: the machine may be busy with other tests.
    private func atBest(_ scenario: () async throws -> Duration) async throws -> Duration {
        var best = Duration.seconds(1000)
        for _ in 0..<5 where best >= Self.promised { best = min(best, try await scenario()) }
        return best
    }

    private func leave(_ client: RawClient, _ way: Way) async -> ContinuousClock.Instant {
        let left = ContinuousClock.now
        switch way {
        case .closing: await client.close()
        case .vanishing: await client.vanish()
        }
        return left
    }

    @Test(arguments: Way.allCases) func aCallerWhoLeavesWhileWaiting(_ way: Way) async throws {
        try await FrontHouse.with(.silent) { house in
            let took = try await atBest {
                let count = house.lane.requests.value.count + 1
                let client = try await RawClient.connect(to: house.port)
                await client.send(RawClient.post(FrontHouse.chat, FrontHouse.body))
                try await house.lane.requests.until { $0.count == count }
                return await leave(client, way).duration(to: try await house.ended(count))
            }
            #expect(took < Self.promised)
            try await eventually { house.record?.outcome == .callerGone }
        }
    }

    @Test(arguments: Way.allCases) func aCallerWhoLeavesInTheMiddleOfAStream(_ way: Way) async throws {
        try await FrontHouse.with(.hanging(after: .events([FrontHouse.event]))) { house in
            let took = try await atBest {
                let count = house.lane.requests.value.count + 1
                let client = try await RawClient.connect(to: house.port)
                await client.send(RawClient.post(FrontHouse.chat, FrontHouse.streaming))
                try await client.received.until { String(buffer: $0).contains("content") }
                return await leave(client, way).duration(to: try await house.ended(count))
            }
            #expect(took < Self.promised)
            try await eventually { house.record?.outcome == .callerGone }
        }
    }

    @Test(arguments: Way.allCases) func aCallerWhoLeavesWithRequestsInLine(_ way: Way) async throws {
        try await FrontHouse.with(.silent) { house in
            let client = try await RawClient.connect(to: house.port)
            await client.send(String(repeating: RawClient.post(FrontHouse.chat, FrontHouse.body), count: 20))
            try await house.lane.requests.until { $0.count == 1 }
            _ = await leave(client, way)
            _ = try await house.ended(within: .seconds(2))
            // Nobody serves those that waited behind it.
            try await eventually { house.house.book.records.value.count == 1 }
            #expect(house.lane.requests.value.count == 1)
        }
    }

    private static let flood = ReplayLane.Script.events(
        Array(repeating: ByteBuffer(string: ": " + String(repeating: "x", count: 65_532) + "\n\n"), count: 4000))

    @Test func aCallerWhoDoesNotReadHoldsTheProviderBack() async throws {
        try await FrontHouse.with(Self.flood) { house in
            let client = try await RawClient.connect(to: house.port)
            try await client.stopReading()
            await client.send(RawClient.post(FrontHouse.chat, FrontHouse.streaming))
            // Until it is stuck: a look, a while, and the same again.
            var before = -1
            try await eventually(within: .seconds(10), "a stop") {
                defer { before = house.lane.taken.value }
                return before > 0 && before == house.lane.taken.value
            }
            try await Task.sleep(for: .milliseconds(200))
            // What the two sockets hold is the kernel's: a few megabytes.
            #expect(house.lane.taken.value < 16 * 16)
            // It goes on when the caller does.
            let stuck = house.lane.taken.value
            try await client.goOnReading()
            try await house.lane.taken.until { $0 > stuck + 100 }
            _ = await leave(client, .closing)
            _ = try await house.ended(within: .seconds(2))
        }
    }

    @Test(arguments: Way.allCases) func aCallerWhoLeavesWhileItIsBlocked(_ way: Way) async throws {
        try await FrontHouse.with(Self.flood) { house in
            let client = try await RawClient.connect(to: house.port)
            try await client.stopReading()
            await client.send(RawClient.post(FrontHouse.chat, FrontHouse.streaming))
            var before = -1
            try await eventually(within: .seconds(10), "a stop") {
                defer { before = house.lane.taken.value }
                return before > 0 && before == house.lane.taken.value
            }
            _ = await leave(client, way)
            _ = try await house.ended(within: .seconds(2))
            try await eventually { house.record?.outcome == .callerGone }
        }
    }

    @Test func aCallerWhoReadsNothingIsShownOut() async throws {
        try await FrontHouse.with(
            Self.flood,
            limits: { limits in
                limits.writeTimeout = .milliseconds(300)
                limits.tick = .milliseconds(50)
            }
        ) { house in
            let client = try await RawClient.connect(to: house.port)
            try await client.stopReading()
            await client.send(RawClient.post(FrontHouse.chat, FrontHouse.streaming))
            _ = try await house.ended(within: .seconds(5))
            try await eventually { house.record?.outcome == .callerGone }
            await client.close()
        }
    }

    @Test func aCallerWhoLeavesHarmsNobodyElse() async throws {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SplitMix(seed: seed)
        try await FrontHouse.with(
            .attemptBased { number in
                number % 2 == 0
                    ? .hanging(after: .events([FrontHouse.event])) : .events([FrontHouse.event, FrontHouse.end])
            }
        ) { house in
            for _ in 0..<100 {
                let client = try await RawClient.connect(to: house.port)
                let request = ByteBuffer(string: RawClient.post(FrontHouse.chat, FrontHouse.streaming))
                let offset = Int.random(in: 0...request.readableBytes, using: &generator)
                await client.send(request.cut(at: offset)[0])
                if Bool.random(using: &generator) {
                    try await Task.sleep(for: .microseconds(Int.random(in: 0...2000, using: &generator)))
                }
                _ = await leave(client, Bool.random(using: &generator) ? .closing : .vanishing)
            }
            try await eventually(within: .seconds(10), "the end of all, seed \(seed)") {
                house.lane.endings.value.count == house.lane.requests.value.count
            }
            house.lane.replay(.events([FrontHouse.end]))
            try await house.client { client in
                await client.send(RawClient.post(FrontHouse.chat, FrontHouse.streaming))
                try await client.expect(200, "seed \(seed)")
            }
        }
    }

    @Test func aHouseThatClosesLetsItsGuestsFinish() async throws {
        let gate = Watched(false)
        try await FrontHouse.with(.gated(gate, after: .events([FrontHouse.event]), then: [FrontHouse.end])) { house in
            let idle = try await RawClient.connect(to: house.port)
            await idle.send(RawClient.get("/health"))
            try await idle.expect(200)
            let silent = try await RawClient.connect(to: house.port)
            let busy = try await RawClient.connect(to: house.port)
            await busy.send(RawClient.post(FrontHouse.chat, FrontHouse.streaming))
            try await busy.received.until { String(buffer: $0).contains("content") }

            house.house.gateway.shutdown.drain()
            await house.services.triggerGracefulShutdown()
            try await idle.closed.until(within: .seconds(3), "the end of an idle connection") { $0 != nil }
            try await silent.closed.until(within: .seconds(3), "the end of a silent connection") { $0 != nil }
            #expect(busy.closed.value == nil)
            await #expect(throws: (any Error).self) { _ = try await RawClient.connect(to: house.port) }

            gate.change { $0 = true }
            let answer = try await busy.answer()
            #expect(answer.text.hasSuffix("data: [DONE]\n\n"))
            try await busy.closed.until(within: .seconds(3), "the end of the busy connection") { $0 != nil }
            try await eventually { house.record?.outcome == .served }
        }
    }

    @Test func aRequestThatComesWhileTheHouseClosesIsTurnedAway() async throws {
        let gate = Watched(false)
        try await FrontHouse.with(.gated(gate, after: .events([FrontHouse.event]), then: [FrontHouse.end])) { house in
            let late = try await RawClient.connect(to: house.port)
            let request = ByteBuffer(string: RawClient.post(FrontHouse.chat, FrontHouse.body))
            await late.send(request.cut(at: request.readableBytes - 5)[0])
            // It has been taken in once the listener has read its head.
            try await Task.sleep(for: .milliseconds(50))
            house.house.gateway.shutdown.drain()
            await house.services.triggerGracefulShutdown()
            await late.send(request.cut(at: request.readableBytes - 5)[1])
            let answer = try await late.answer()
            #expect(answer.status == 503)
            #expect(answer["retry-after"] == "1")
            try await late.closed.until(within: .seconds(3)) { $0 != nil }
        }
    }
}
