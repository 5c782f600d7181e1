import Seeded
import FrontDoor
import Gateway
import GatewayTesting
import NIOCore
import ServiceLifecycle
import Testing
import Wire

/// Callers that go away, and houses that close.
///
/// Nothing but the leaving ends an exchange: all limits of the house are ``never``. The promise is 100 ms, which
/// Tests/Clients measures.
@Suite(.serialized) struct DepartureTests {
    enum Way: CaseIterable { case closing, vanishing }

    private func leave(_ client: RawClient, _ way: Way) async {
        switch way {
        case .closing: await client.close()
        case .vanishing: await client.vanish()
        }
    }

    @Test(arguments: Way.allCases) func aCallerWhoLeavesWhileWaiting(_ way: Way) async throws {
        try await TestFrontDoor.with(.silent) { house in
            let client = try await RawClient.connect(to: house.port)
            await client.send(RawClient.post(TestFrontDoor.chat, TestFrontDoor.body))
            try await house.lane.requests.until { $0.count == 1 }
            await leave(client, way)
            try await house.ended()
            try await eventually { house.record?.outcome == .callerGone }
        }
    }

    @Test(arguments: Way.allCases) func aCallerWhoLeavesInTheMiddleOfAStream(_ way: Way) async throws {
        try await TestFrontDoor.with(.hanging(after: .events([TestFrontDoor.event]))) { house in
            let client = try await RawClient.connect(to: house.port)
            await client.send(RawClient.post(TestFrontDoor.chat, TestFrontDoor.streaming))
            try await client.received.until { String(buffer: $0).contains("content") }
            await leave(client, way)
            try await house.ended()
            try await eventually { house.record?.outcome == .callerGone }
        }
    }

    @Test(arguments: Way.allCases) func aCallerWhoLeavesWithRequestsInLine(_ way: Way) async throws {
        try await TestFrontDoor.with(.silent) { house in
            let client = try await RawClient.connect(to: house.port)
            await client.send(String(repeating: RawClient.post(TestFrontDoor.chat, TestFrontDoor.body), count: 20))
            try await house.lane.requests.until { $0.count == 1 }
            await leave(client, way)
            try await house.ended()
            // Nobody serves those that waited behind it.
            try await eventually { house.house.book.records.value.count == 1 }
            #expect(house.lane.requests.value.count == 1)
        }
    }

    private static let flood = ReplayLane.Script.events(
        Array(repeating: ByteBuffer(string: ": " + String(repeating: "x", count: 65_532) + "\n\n"), count: 4000))

    @Test func aCallerWhoDoesNotReadHoldsTheProviderBack() async throws {
        try await TestFrontDoor.with(Self.flood) { house in
            let client = try await RawClient.connect(to: house.port)
            try await client.stopReading()
            await client.send(RawClient.post(TestFrontDoor.chat, TestFrontDoor.streaming))
            let stuck = try await settled("what is taken") { house.lane.taken.value }
            // What the two sockets hold is the kernel's: a few megabytes.
            #expect(stuck < 16 * 16)
            // It goes on when the caller does.
            try await client.goOnReading()
            try await house.lane.taken.until { $0 > stuck + 100 }
            await leave(client, .closing)
            try await house.ended()
        }
    }

    @Test(arguments: Way.allCases) func aCallerWhoLeavesWhileItIsBlocked(_ way: Way) async throws {
        try await TestFrontDoor.with(Self.flood) { house in
            let client = try await RawClient.connect(to: house.port)
            try await client.stopReading()
            await client.send(RawClient.post(TestFrontDoor.chat, TestFrontDoor.streaming))
            _ = try await settled("what is taken") { house.lane.taken.value }
            await leave(client, way)
            try await house.ended()
            try await eventually { house.record?.outcome == .callerGone }
        }
    }

    @Test func aCallerWhoReadsNothingIsShownOut() async throws {
        try await TestFrontDoor.with(
            Self.flood,
            limits: { limits in
                limits.writeTimeout = .milliseconds(300)
                limits.tick = .milliseconds(50)
            }
        ) { house in
            let client = try await RawClient.connect(to: house.port)
            try await client.stopReading()
            await client.send(RawClient.post(TestFrontDoor.chat, TestFrontDoor.streaming))
            try await house.ended()
            try await eventually { house.record?.outcome == .callerGone }
            await client.close()
        }
    }

    @Test func aCallerWhoLeavesHarmsNobodyElse() async throws {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SplitMix(seed: seed)
        try await TestFrontDoor.with(
            .attemptBased { number in
                number % 2 == 0
                    ? .hanging(after: .events([TestFrontDoor.event]))
                    : .events([TestFrontDoor.event, TestFrontDoor.end])
            }
        ) { house in
            for _ in 0..<100 {
                let client = try await RawClient.connect(to: house.port)
                let request = ByteBuffer(string: RawClient.post(TestFrontDoor.chat, TestFrontDoor.streaming))
                let offset = Int.random(in: 0...request.readableBytes, using: &generator)
                await client.send(request.cut(at: offset)[0])
                if Bool.random(using: &generator) {
                    // The moment is random, and has nothing to do with what is under way.
                    try await Task.sleep(for: .microseconds(Int.random(in: 0...2000, using: &generator)))
                }
                await leave(client, Bool.random(using: &generator) ? .closing : .vanishing)
            }
            try await eventually("the end of all, seed \(seed)") {
                house.lane.endings.value.count == house.lane.requests.value.count
            }
            house.lane.replay(.events([TestFrontDoor.end]))
            try await house.client { client in
                await client.send(RawClient.post(TestFrontDoor.chat, TestFrontDoor.streaming))
                try await client.expect(200, "seed \(seed)")
            }
        }
    }

    @Test func aHouseThatClosesLetsItsGuestsFinish() async throws {
        let gate = Watched(false)
        try await TestFrontDoor.with(.gated(gate, after: .events([TestFrontDoor.event]), then: [TestFrontDoor.end])) {
            house in
            let idle = try await RawClient.connect(to: house.port)
            await idle.send(RawClient.get("/health"))
            try await idle.expect(200)
            let silent = try await RawClient.connect(to: house.port)
            let busy = try await RawClient.connect(to: house.port)
            await busy.send(RawClient.post(TestFrontDoor.chat, TestFrontDoor.streaming))
            try await busy.received.until { String(buffer: $0).contains("content") }

            house.house.gateway.shutdown.drain()
            await house.services.triggerGracefulShutdown()
            try await idle.closed.until("the end of an idle connection") { $0 != nil }
            try await silent.closed.until("the end of a silent connection") { $0 != nil }
            #expect(busy.closed.value == nil)
            await #expect(throws: (any Error).self) { _ = try await RawClient.connect(to: house.port) }

            gate.change { $0 = true }
            let answer = try await busy.answer()
            #expect(answer.text.hasSuffix("data: [DONE]\n\n"))
            try await busy.closed.until("the end of the busy connection") { $0 != nil }
            try await eventually { house.record?.outcome == .served }
        }
    }

    @Test func aRequestThatComesWhileTheHouseClosesIsTurnedAway() async throws {
        let gate = Watched(false)
        try await TestFrontDoor.with(.gated(gate, after: .events([TestFrontDoor.event]), then: [TestFrontDoor.end])) {
            house in
            let late = try await RawClient.connect(to: house.port)
            let request = RawClient.post(TestFrontDoor.chat, "", fields: "expect: 100-continue\r\n")
            await late.send(
                request.replacing("content-length: 0", with: "content-length: \(TestFrontDoor.body.utf8.count)"))
            // It has been taken in: the listener has read its head.
            try await late.received.until { String(buffer: $0).contains("100 Continue") }
            house.house.gateway.shutdown.drain()
            await house.services.triggerGracefulShutdown()
            await late.send(TestFrontDoor.body)
            let answer = try await late.answer()
            #expect(answer.status == 503)
            #expect(answer["retry-after"] == "1")
            try await late.closed.until { $0 != nil }
        }
    }
}
