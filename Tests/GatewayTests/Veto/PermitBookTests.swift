import Conversation
import Gateway
import GatewayTesting
import NIOCore
import Resilience
import Routing
import Testing
import Veto
import Wire

/// Permits: when they are renewed, what goes on record, and who is let through.
@Suite struct PermitBookTests {
    // MARK: Renewal

    @Test func aPermitIsRenewedOnceItHasEnded() async throws {
        let stage = Stage(standbys: [(.openai, Stage.reciting(.openai, "standby"))])
        let first = stage.begin(.openai, model: "p1/m-p1")
        try await first.end()
        #expect(stage.suspensions.looks.value == 1)
        try await stage.begin(.openai, model: "p1/m-p1").end()
        #expect(stage.suspensions.looks.value == 1)
        stage.clock.advance(by: .milliseconds(200))
        try await stage.begin(.openai, model: "p1/m-p1").end()
        #expect(stage.suspensions.looks.value == 2)
    }

    @Test func anOrderThatNobodyToldOfCountsWithinTheLengthOfAPermit() async throws {
        let stage = Stage(standbys: [(.openai, Stage.reciting(.openai, "standby"))])
        try await stage.begin(.openai, model: "p1/m-p1").end()
        stage.suspensions.order(.model("p1/m-p1"))
        stage.clock.advance(by: .milliseconds(200))
        let late = stage.begin(.openai, model: "p1/m-p1")
        try await late.end()
        #expect(late.reply.status == 503 && late.reply["x-holdfast-suspension"] == "S1")
    }

    /// A process that was stopped for an hour, while a suspension was ordered:
    /// the first thing that happens is that bytes of the stream arrive.
    @Test("a frozen process writes no byte of a stream before it looks", arguments: Speech.allCases)
    func frozen(_ speech: Speech) async throws {
        let stage = Stage(standbys: [(.anthropic, Stage.reciting(.anthropic, "standby"))])
        let request = stage.begin(speech)
        try await stage.untilWaiting(request, .midStream)
        stage.suspensions.order(.model("p0/m-p0"))
        stage.clock.advance(by: .seconds(3600))
        stage.gate.change { $0 = true }
        let heard = try await request.end()
        #expect(heard.text == Stage.text && !request.reply.text.contains(Stage.poison))
        #expect(stage.isHealthUntouched)
    }

    @Test func anOlderIndexBringsNothingBack() async throws {
        let stage = Stage(standbys: [])
        let old = stage.suspensions.index
        try await stage.pull()
        stage.book.apply(old)
        stage.book.apply(SuspensionIndex())
        let refused = stage.begin(.openai)
        try await refused.end()
        #expect(refused.reply.status == 503)
    }

    // MARK: The record

    @Test func theRecordSaysWhatWasAllowedLast() async throws {
        let stage = Stage(standbys: [])
        let request = stage.begin(.openai)
        try await stage.untilWaiting(request, .midStream)
        let began = stage.clock.tick
        #expect(stage.suspensions.events.value == [.granted(candidate: "p0/m-p0", tick: began)])
        #expect(stage.book.ticks() == ["p0/m-p0": began])
        stage.clock.advance(by: .milliseconds(50))
        try await stage.pull()
        try await request.end()
        let denied = stage.clock.tick
        try await stage.suspensions.events.until("its end is on record") { $0.count == 3 }
        #expect(
            stage.suspensions.events.value == [
                .granted(candidate: "p0/m-p0", tick: began),
                .denied(candidate: "p0/m-p0", suspension: "S1", tick: denied, lastAllowed: began),
                .ended(candidate: "p0/m-p0", suspension: "S1", tick: denied, lastByte: nil),
            ])
        let record = try #require(stage.house.house.book.last)
        #expect(record.permit?.candidate == "p0/m-p0" && record.permit?.tick == began)
    }

    @Test func aCandidateThatWasNeverAskedIsDeniedOnRecordOnce() async throws {
        let stage = Stage(standbys: [(.openai, Stage.reciting(.openai, "standby"))])
        let number = try await stage.pull(.model("p1/m-p1"))
        #expect(stage.suspensions.events.value.isEmpty)
        stage.clock.advance(by: .milliseconds(50))
        let first = stage.clock.tick
        try await stage.begin(.openai, model: "p1/m-p1").end()
        stage.clock.advance(by: .milliseconds(50))
        try await stage.begin(.openai, model: "p1/m-p1").end()
        let denied = PermitEvent.denied(candidate: "p1/m-p1", suspension: "S1", tick: first, lastAllowed: 0)
        #expect(stage.suspensions.events.value == [denied])
        // Once it has been free, its next denial is another one.
        stage.suspensions.put(number, in: .restored)
        stage.book.apply(stage.suspensions.index)
        try await stage.pull(.model("p1/m-p1"))
        let second = stage.clock.tick
        try await stage.begin(.openai, model: "p1/m-p1").end()
        #expect(
            stage.suspensions.events.value == [
                denied, .denied(candidate: "p1/m-p1", suspension: "S2", tick: second, lastAllowed: 0),
            ])
    }

    @Test func aShareOfTheRequestsThatIsRefusedIsNoDenial() async throws {
        let stage = Stage(standbys: [(.openai, Stage.reciting(.openai, "standby"))])
        stage.suspensions.order(.model("p1/m-p1"), phase: .halfOpen(percent: 1))
        stage.book.apply(stage.suspensions.index)
        for number in 0..<40 {
            var call = stage.house.house.call(Speech.openai.request("p1/m-p1"), door: Speech.openai.dialect)
            call.id = "req_\(number)"
            _ = await stage.house.house.serve(call)
        }
        let denials = stage.suspensions.events.value.filter { if case .denied = $0 { true } else { false } }
        #expect(denials.isEmpty)
    }

    @Test func aCandidateThatReturnsIsGrantedAnew() async throws {
        let stage = Stage(standbys: [(.openai, Stage.reciting(.openai, "standby"))])
        try await stage.begin(.openai, model: "p1/m-p1").end()
        let number = try await stage.pull(.model("p1/m-p1"))
        stage.suspensions.put(number, in: .restored)
        stage.book.apply(stage.suspensions.index)
        #expect(try await stage.begin(.openai, model: "p1/m-p1").end().text == Stage.text)
        let grants = stage.suspensions.events.value.filter {
            if case .granted = $0 { true } else { false }
        }
        #expect(grants.count == 2)
    }

    // MARK: Half-open

    @Test("a half-open suspension lets its share through", arguments: [0, 20, 100])
    func halfOpen(_ percent: Int) async throws {
        let stage = Stage(standbys: [(.openai, Stage.reciting(.openai, "standby"))])
        stage.suspensions.order(.model("p1/m-p1"), phase: .halfOpen(percent: percent))
        stage.book.apply(stage.suspensions.index)
        var served = 0
        for number in 0..<200 {
            var call = stage.house.house.call(
                Speech.openai.request("p1/m-p1", stream: true), door: Speech.openai.dialect)
            call.id = "req_\(number)"
            if await stage.house.house.serve(call).status == 200 { served += 1 }
        }
        switch percent {
        case 0: #expect(served == 0)
        case 100: #expect(served == 200)
        default: #expect((10...80).contains(served))
        }
    }

    @Test func allAttemptsOfARequestHaveOneChance() async throws {
        // The first candidate fails by chance, and is repeated: it is let
        // through again, or never.
        let stage = Stage(standbys: [
            (.openai, .json(#"{"error":{"message":"broken","type":"server_error"}}"#, status: 500))
        ])
        stage.suspensions.order(.model("p1/m-p1"), phase: .halfOpen(percent: 50))
        stage.book.apply(stage.suspensions.index)
        for number in 0..<40 {
            let before = stage.house.lanes[1].requests.value.count
            var call = stage.house.house.call(Speech.openai.request("p1/m-p1"), door: Speech.openai.dialect)
            call.id = "req_\(number)"
            let reply = await stage.house.house.serve(call)
            let asked = stage.house.lanes[1].requests.value.count - before
            #expect(reply["x-holdfast-suspension"] == (asked == 0 ? "S1" : nil))
        }
    }

    // MARK: The gate

    @Test func onlyTheGateOfThatSuspensionAsks() async throws {
        let stage = Stage(standbys: [(.openai, .json(Sample.openaiReply))])
        let executor = stage.house.house.executor
        let gateway = stage.house.house.gateway
        let number = try await stage.pull(.model("p1/m-p1"))
        func ask(_ number: Int) async -> GateAnswer {
            await gateway.askAsGate("p1/m-p1", number: number, on: executor)
        }
        // Not while it is suspended.
        guard case .impossible(_) = await ask(number).result else {
            Issue.record("it was asked while suspended")
            return
        }
        stage.suspensions.put(number, in: .verifying)
        stage.book.apply(stage.suspensions.index)
        let answer = await ask(number)
        #expect(answer.result == .answered && answer.tick > 0)
        let asked = try #require(stage.house.lanes[1].requests.value.last)
        #expect(asked.fields["x-holdfast-gate"] == "S1" && asked.fields["x-holdfast-probe"] == "1")
        #expect(
            stage.suspensions.events.value.contains(
                .askedByGate(candidate: "p1/m-p1", suspension: "S1", tick: answer.tick, answered: true)))
        // Nobody else's requests pass.
        let refused = stage.begin(.openai, model: "p1/m-p1", stream: false)
        try await refused.end()
        #expect(refused.reply.status == 503)
        // Another suspension of the same candidate counts for the gate, too.
        let other = try await stage.pull(.host("host-1"))
        _ = other
        try await stage.pull(.model("p1/m-p1"))
        guard case .impossible(_) = await ask(number).result else {
            Issue.record("another suspension didn't count")
            return
        }
        #expect(stage.house.lanes[1].requests.value.count == 1)
    }

    /// A pattern such as `*claude-*` leads callers to a route. A gate, or a
    /// standard's question, that was led there would never reach the model.
    @Test("behind a pattern the model itself is asked", arguments: ["p1/m-p1", "p1/m-of-no-route"])
    func behindAPattern(_ id: String) async throws {
        let stage = Stage(
            standbys: [(.openai, .json(Sample.openaiReply))], aliases: [try #require(RouteAlias("*m-*", route: "talk"))]
        )
        let (gateway, executor) = (stage.house.house.gateway, stage.house.house.executor)
        try await stage.pull()
        try await stage.begin(.openai, model: id, stream: false).end()
        #expect(stage.house.house.book.last?.route == "talk", "the pattern doesn't match: this shows nothing")
        #expect(gateway.candidates(of: [.model(id)]) == [id])
        let number = stage.suspensions.order(.model(id), phase: .verifying)
        stage.book.apply(stage.suspensions.index)
        let lane = stage.house.lanes[1]
        let before = lane.requests.value.count
        let answer = await gateway.askAsGate(id, number: number, on: executor)
        #expect(answer.result == .answered && answer.tick > 0)
        let question = Question("How much is 2 + 2?", tokens: 8, gate: number)
        guard case .text(_) = await gateway.ask(id, question, on: executor) else {
            Issue.record("the standard's question was not asked")
            return
        }
        let asked = lane.requests.value.dropFirst(before)
        #expect(asked.count == 2 && asked.allSatisfy { $0.fields["x-holdfast-gate"] == "S\(number)" })
        #expect(asked.allSatisfy { String(buffer: $0.body).contains(#""\#(id.dropFirst(3))""#) })
        #expect(stage.house.lanes[0].requests.value.isEmpty)
    }

    // MARK: The dry run

    @Test func theDryRunCountsWhatRuns() async throws {
        let stage = Stage(standbys: [(.openai, Stage.reciting(.openai, "standby"))])
        #expect(await stage.book.counts(of: [.model("p0/m-p0")]).isEmpty)
        let request = stage.begin(.openai)
        try await stage.untilWaiting(request, .midStream)
        let counts = await stage.book.counts(of: [.model("p0/m-p0"), .route("talk")])
        #expect(counts.map(\.streams) == [1] && counts.map(\.place.route) == ["talk"])
        #expect(await stage.book.counts(of: [.model("p1/m-p1"), .key("another")]).isEmpty)
        let left = stage.house.house.gateway.standbys(of: [.model("p0/m-p0")])
        #expect(left.map(\.hit) == [["p0/m-p0"]] && left.map(\.standbys) == [["p1/m-p1"]])
        let whole = stage.house.house.gateway.standbys(of: [.route("talk")])
        #expect(whole.map(\.isWhole) == [true] && whole.map(\.standbys) == [[]])
        try await stage.pull()
        try await request.end()
        #expect(await stage.book.counts(of: [.route("talk")]).isEmpty)
    }

    // MARK: Words

    @Test("callers are told what they may know", arguments: Speech.allCases, [true, false])
    func words(_ speech: Speech, _ isPublic: Bool) async throws {
        let stage = Stage(standbys: [])
        stage.suspensions.order(
            .model("p0/m-p0"), .key("somebody-else"), expires: 1_577_836_800 + 90,
            reason: SuspensionReason(
                .legal, basis: "recall 7", text: "leaks prompts", evidence: "TICKET-9", isPublic: isPublic))
        let request = stage.begin(speech)
        try await request.end()
        let reply = request.reply
        #expect(reply.status == 503 && reply["retry-after"] == "90" && reply["x-holdfast-suspension"] == "S1")
        #expect(reply.text.contains("suspended") && reply.text.contains("S1"))
        #expect(reply.text.contains("leaks prompts") == isPublic)
        #expect(!reply.text.contains("TICKET-9") && !reply.text.contains("somebody-else"))
    }
}
