import FrontDoor
import Gateway
import GatewayTesting
import NIOCore
import Testing
import Veto
import Wire

/// Callers of a suspended model, on real connections: all limits of the house are ``never``.
@Suite(.serialized) struct SuspensionTests {
    private struct House {
        let suspensions = ScriptedSuspensions()
        let book: PermitBook

        init() { book = PermitBook(source: suspensions) }

        var stages: OptionalStages { OptionalStages(permits: book) }

        func pull() {
            suspensions.order(.model("oa/m"))
            book.apply(suspensions.index)
        }

        /// Waits for the end of all that is suspended.
        /// - Returns: The tick of the last byte.
        func ended() async throws -> UInt64? {
            let events = try await suspensions.events.until("the end of the exchange") { events in
                events.contains { if case .ended = $0 { true } else { false } }
            }
            for case .ended(_, _, _, let lastByte) in events { return lastByte }
            return nil
        }
    }

    @Test func aCallerThatReadsIsToldWhy() async throws {
        let suspended = House()
        try await TestFrontDoor.with(
            .hanging(after: .events([TestFrontDoor.event])), stages: suspended.stages
        ) { house in
            try await house.client { client in
                await client.send(RawClient.post(TestFrontDoor.chat, TestFrontDoor.streaming))
                try await client.received.until { String(buffer: $0).contains("content") }
                suspended.pull()
                let answer = try await client.answer()
                #expect(answer.status == 200 && answer.text.contains("S1") && answer.text.contains("error"))
                #expect(!answer.text.contains("[DONE]"))
                // All that was said had been handed over before.
                #expect(try await suspended.ended() == nil)
                // The connection serves on.
                await client.send(RawClient.post(TestFrontDoor.chat, TestFrontDoor.body))
                let refused = try await client.expect(503)
                #expect(refused["x-holdfast-suspension"] == "S1")
                await client.send(RawClient.get("/v1/models"))
                #expect(!(try await client.expect(200).text.contains("oa/m")))
            }
        }
    }

    @Test func aCallerThatDoesNotReadIsReset() async throws {
        let suspended = House()
        let flood = ReplayLane.Script.events(
            Array(repeating: ByteBuffer(string: ": " + String(repeating: "x", count: 65_532) + "\n\n"), count: 4000))
        try await TestFrontDoor.with(flood, stages: suspended.stages) { house in
            let client = try await RawClient.connect(to: house.port)
            try await client.stopReading()
            await client.send(RawClient.post(TestFrontDoor.chat, TestFrontDoor.streaming))
            _ = try await settled("what is taken") { house.lane.taken.value }
            suspended.pull()
            try await house.ended()
            // Bytes that were on their way count until the reset.
            #expect(try await suspended.ended() != nil)
            try await eventually { house.record != nil }
            #expect(house.record?.outcome != .served)
            try? await client.goOnReading()
            try await client.closed.until("the reset") { $0 != nil }
            #expect(!String(buffer: client.received.value).hasSuffix("0\r\n\r\n"))
        }
    }

    @Test func aWholeAnswerThatIsHalfWrittenIsReset() async throws {
        let suspended = House()
        let words = String(repeating: "x", count: 16 << 20)
        let answer = #"{"id":"1","choices":[{"index":0,"message":{"role":"assistant","content":"\#(words)"}}]}"#
        try await TestFrontDoor.with(.json(answer), stages: suspended.stages) { house in
            let client = try await RawClient.connect(to: house.port)
            try await client.stopReading()
            await client.send(RawClient.post(TestFrontDoor.chat, TestFrontDoor.body))
            try await house.ended()
            try await eventually { house.record != nil }
            suspended.pull()
            #expect(try await suspended.ended() != nil)
            try? await client.goOnReading()
            try await client.closed.until("the reset") { $0 != nil }
            #expect(client.received.value.readableBytes < answer.utf8.count)
        }
    }

    @Test func anAnswerThatWasTakenLeavesNothingBehind() async throws {
        let suspended = House()
        try await TestFrontDoor.with(stages: suspended.stages) { house in
            try await house.client { client in
                for _ in 0..<20 {
                    await client.send(RawClient.post(TestFrontDoor.chat, TestFrontDoor.body))
                    try await client.expect(200)
                }
                #expect(await suspended.book.counts(of: [.model("oa/m")]).isEmpty)
                suspended.pull()
                #expect(try await suspended.ended() == nil)
                #expect(client.closed.value == nil)
            }
        }
    }
}
