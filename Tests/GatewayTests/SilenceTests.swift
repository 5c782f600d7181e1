import Conversation
import Gateway
import GatewayTesting
import NIOCore
import Resilience
import Routing
import Testing

/// A stream that says nothing, and who is asked beside it.
@Suite struct SilenceTests {
    private static let text = "The lamp burns, and the keeper of the light writes it down."

    private static func whole(_ id: String) -> ByteBuffer {
        Reciter(kind: .openai, text: text, id: id).stream(text)
    }

    private static func telling(_ id: String) -> ReplayLane.Script { .events([whole(id)]) }

    /// Says nothing before the gate is open, then everything.
    private static func gated(_ gate: Watched<Bool>, _ id: String) -> ReplayLane.Script {
        .gated(gate, after: .events([]), then: [whole(id)])
    }

    private static func house(
        _ scripts: [ReplayLane.Script], _ limit: SilenceLimit = .after(.milliseconds(20)),
        hedge: Hedge? = nil
    ) -> Relayers {
        var policy = RoutePolicy()
        policy.silence = limit
        policy.hedge = hedge
        return Relayers(scripts.map { (.openai, $0) }, policy: policy)
    }

    private static func served(_ heard: Heard, by id: String, _ location: SourceLocation = #_sourceLocation) {
        #expect(heard.text == text && heard.terminals == 1 && heard.errors == 0, sourceLocation: location)
        #expect(heard.starts == [id] && heard.problem == nil, sourceLocation: location)
    }

    @Test("nobody is asked beside a silent one, or it runs on")
    func silent() async throws {
        let house = Self.house([.silent, Self.telling("second")])
        Self.served(await house.ask(.openai), by: "second")
        let record = try #require(house.house.book.last)
        #expect(record.attempts.map(\.failure) == ["overtaken", nil])
        #expect(record.attempts.map(\.isRescue) == [false, true] && record.attempts.map(\.cause) == [nil, nil])
        #expect(house.lanes[0].endings.value.count == 1, "it runs on")
        #expect(record.servedBy == "p1/m-p1" && record.isStandIn)
        // It failed nobody: the next request goes there as ever.
        #expect(house.house.gateway.continuity.book.isQuiet)
    }

    @Test("the cost of both is billed, or that of the loser is forgotten")
    func cost() async throws {
        let house = Self.house([.silent, Self.telling("second")])
        _ = await house.ask(.openai)
        let record = try #require(house.house.book.last)
        #expect(record.usage == Usage(input: 7, output: 9) && !record.usageIsEstimate)
        #expect(record.attempts[0].usage == nil && record.attempts[1].usage == Usage(input: 7, output: 9))
        #expect(record.attempts[0].unheard == Usage(input: record.requestBytes / 4, output: 0))
        #expect(record.attempts[1].unheard == nil)
    }

    @Test("a slow one that does answer is lost")
    func slow() async throws {
        let gate = Watched(false)
        let house = Self.house([Self.gated(gate, "first"), .silent])
        async let heard = house.ask(.openai)
        try await house.lanes[1].requests.until { $0.count == 1 }
        gate.change { $0 = true }
        Self.served(await heard, by: "first")
        let record = try #require(house.house.book.last)
        #expect(record.attempts.map(\.failure) == [nil, "overtaken"])
        #expect(record.attempts[1].unheard != nil && record.servedBy == "p0/m-p0" && !record.isStandIn)
        #expect(house.lanes[1].endings.value.count == 1, "the other runs on")
    }

    @Test("a piece that a caller wouldn't read is taken for a word")
    func prelude() async throws {
        let opening = ByteBuffer(string: ": alive\n\n" + Sample.openaiStream[0])
        let house = Self.house([.hanging(after: .events([opening])), Self.telling("second")])
        Self.served(await house.ask(.openai), by: "second")
    }

    @Test("the first fails meanwhile, and with it the request")
    func firstFails() async throws {
        let (first, second) = (Watched(false), Watched(false))
        let house = Self.house([
            .breaking(.cut, after: .gated(first, after: .events([]), then: [])), Self.gated(second, "second"),
        ])
        async let heard = house.ask(.openai)
        try await house.lanes[1].requests.until { $0.count == 1 }
        first.change { $0 = true }
        try await house.lanes[0].endings.until { $0.count == 1 }
        second.change { $0 = true }
        Self.served(await heard, by: "second")
        let record = try #require(house.house.book.last)
        #expect(record.attempts.map(\.failure) == ["cut", nil] && record.attempts[0].cause != nil)
        #expect(house.lanes.map(\.requests.value.count) == [1, 1])
    }

    @Test("the second fails, and nobody asks a third")
    func secondFails() async throws {
        let house = Self.house([.silent, .failing(.unreachable("nobody listens")), Self.telling("third")])
        Self.served(await house.ask(.openai), by: "third")
        let record = try #require(house.house.book.last)
        #expect(record.attempts.map(\.failure) == ["overtaken", "unreachable", nil])
        #expect(record.attempts.map(\.isRescue) == [false, true, true])
    }

    @Test("the second fails, and the first is given up")
    func secondFailsAlone() async throws {
        let gate = Watched(false)
        let house = Self.house([Self.gated(gate, "first"), .failing(.unreachable("nobody listens"))])
        async let heard = house.ask(.openai)
        try await house.lanes[1].endings.until { $0.count == 1 }
        gate.change { $0 = true }
        Self.served(await heard, by: "first")
    }

    @Test("both fail, and the request hangs")
    func bothFail() async throws {
        let gate = Watched(false)
        let house = Self.house([
            .breaking(.cut, after: .gated(gate, after: .events([]), then: [])),
            .breaking(.cut, after: .gated(gate, after: .events([]), then: [])),
        ])
        async let heard = house.ask(.openai)
        try await house.lanes[1].requests.until { $0.count == 1 }
        gate.change { $0 = true }
        #expect(await !heard.looksWhole)
        let record = try #require(house.house.book.last)
        #expect(record.outcome == .failed && record.attempts.count >= 2)
    }

    @Test("what breaks off after a rescue goes on with nobody")
    func continued() async throws {
        let whole = Self.whole("second")
        let part = whole.getSlice(at: 0, length: whole.readableBytes / 2)!
        let house = Self.house([
            .silent, .breaking(.cut, after: .events([part])),
            .reading { .events([Reciter(kind: .openai, text: Self.text, id: "third").bytes($0)]) },
        ])
        let heard = await house.ask(.openai)
        #expect(heard.text == Self.text && heard.terminals == 1 && heard.starts == ["second"])
        let record = try #require(house.house.book.last)
        #expect(record.handOvers.map(\.by) == ["p2/m-p2"])
    }

    @Test("a caller who leaves leaves one of the two behind")
    func callerLeaves() async throws {
        let house = Self.house([.silent, .silent])
        let call = house.house.call(Speech.openai.request("talk", stream: true), door: Speech.openai.dialect)
        let gateway = house.house.gateway
        let task = Task(executorPreference: house.house.executor) { await gateway.serve(call, reply: CollectedReply()) }
        try await house.lanes[1].requests.until { $0.count == 1 }
        task.cancel()
        await task.value
        #expect(house.lanes.map(\.endings.value.count) == [1, 1])
        #expect(house.house.book.last?.outcome == .callerGone)
    }

    @Test("a hosted engine that works is taken for silent, or given more work")
    func engines() async throws {
        // The second works for somebody else.
        let busy = Self.house([.silent, Self.telling("second"), Self.telling("third")])
        busy.lanes[1].isAtWork = true
        Self.served(await busy.ask(.openai), by: "third")
        #expect(busy.lanes[1].requests.value.isEmpty)
        // The first works for this very request; soon it doesn't any more.
        let working = Self.house([.silent, Self.telling("second")])
        working.lanes[0].isAtWork = true
        async let heard = working.ask(.openai)
        try await working.lanes[0].requests.until { $0.count == 1 }
        working.lanes[0].isAtWork = false
        Self.served(await heard, by: "second")
    }

    @Test("a route that wants none of it pays for it, and so does what is no stream or has no stand-in")
    func unwatched() async throws {
        let watched = Self.house([Self.telling("first"), Self.telling("second")])
        _ = await watched.ask(.openai)
        #expect(watched.lanes[0].endable.value == [true])
        let off = Self.house([Self.telling("first"), Self.telling("second")], .never)
        _ = await off.ask(.openai)
        #expect(off.lanes[0].endable.value == [false])
        let alone = Self.house([Self.telling("first")])
        _ = await alone.ask(.openai)
        #expect(alone.lanes[0].endable.value == [false])
        let whole = Self.house([.json(Sample.openaiReply), Self.telling("second")])
        await whole.house.serve(whole.house.call(Speech.openai.request("talk"), door: Speech.openai.dialect))
        #expect(whole.lanes[0].endable.value == [false])
    }

    @Test("a hedge waits for times that nobody knows yet")
    func hedge() async throws {
        let house = Self.house([.silent, Self.telling("second")], hedge: Hedge())
        // Its share of few requests is none: so the second one is a rescue.
        Self.served(await house.ask(.openai), by: "second")
        #expect(house.house.book.last?.attempts.map(\.isRescue) == [false, true])
    }

    @Test("a hedge in time leaves its loser running")
    func hedgeInTime() async throws {
        var hedge = Hedge()
        hedge.share = 1
        let house = Self.house(
            [.attemptBased { $0 < 20 ? Self.telling("first") : .silent }, Self.telling("second")], .never,
            hedge: hedge)
        for _ in 0..<20 { _ = await house.ask(.openai) }
        Self.served(await house.ask(.openai), by: "second")
        let record = try #require(house.house.book.last)
        #expect(record.attempts.map(\.failure) == ["hedge_lost", nil])
        #expect(record.attempts.map(\.isHedge) == [false, true])
        #expect(record.attempts[0].usage == nil && record.attempts[0].unheard == nil)
        #expect(house.lanes[0].endings.value.count == 21)
    }
}
