import Conversation
import Gateway
import GatewayTesting
import NIOCore
import Resilience
import Routing
import Supervision
import Testing
import Veto
import Wire

/// A suspension while the supervisor holds a part of the answer: what is held
/// is dropped, and a standby goes on from what the caller has.
@Suite(.serialized) struct HeldCutTests {
    struct Trip: Sendable, CustomTestStringConvertible {
        var door: Voice
        var first: Voice
        var testDescription: String { "\(door) from \(first)" }
    }

    /// Every door, before a candidate of its own API and before others.
    static let trips = Voice.allCases.flatMap { door in
        Set([door, .openai, .anthropic]).sorted { $0.rawValue < $1.rawValue }.map { Trip(door: door, first: $0) }
    }

    /// The contents of an answer that is cut.
    enum Content: String, CaseIterable, Sendable {
        case text, thinking, tool

        var events: [StreamEvent] {
            var events: [StreamEvent] = [.started(id: "first", model: "m", created: 5)]
            if self == .thinking {
                events += [
                    .thinking(choice: 0, "Let me "), .thinking(choice: 0, "think."),
                    .thinkingSignature(choice: 0, "c2ln"), .partEnded(choice: 0),
                ]
            }
            let letters = Array(Stage.text)
            events += stride(from: 0, to: letters.count, by: 4).map {
                .text(choice: 0, String(letters[$0..<min($0 + 4, letters.count)]))
            }
            events.append(.partEnded(choice: 0))
            if self == .tool {
                events += [
                    .toolCallStarted(choice: 0, call: 0, id: "call_1", name: "look"),
                    .toolCallArguments(choice: 0, call: 0, fragment: #"{"where":"#),
                    .toolCallArguments(choice: 0, call: 0, fragment: #""up"}"#), .partEnded(choice: 0),
                ]
            }
            let reason: FinishReason = self == .tool ? .toolCalls : .endTurn
            return events + [
                .finished(choice: 0, reason, stopSequence: nil), .usage(Usage(input: 7, output: 9)), .ended,
            ]
        }
    }

    /// A gateway with a supervised route, whose first candidate says so many
    /// frames and then waits.
    private struct House {
        let gateway: TestGateway
        let lanes: [ReplayLane]
        let suspensions = ScriptedSuspensions()
        let book: PermitBook
        let gate = Watched(false)
        let supervisor: AnswerSupervisor
        let reply = CollectedReply()

        init(
            _ first: Voice, saying frames: ArraySlice<ByteBuffer>, standbys: [Relayers.Kind],
            policy: RoutePolicy, _ supervisor: AnswerSupervisor = AnswerSupervisor()
        ) {
            self.supervisor = supervisor
            book = PermitBook(source: suspensions, clock: ManualPermitClock().clock)
            var facts: [ProviderFacts] = []
            var providers: [Provider] = []
            var lanes: [ReplayLane] = []
            func add(_ dialect: any ProviderProtocol, further: [any ProviderProtocol] = [], _ script: ReplayLane.Script)
            {
                let name = "p\(lanes.count)"
                let lane = ReplayLane(script)
                lanes.append(lane)
                var usual = Capabilities.usual(for: dialect.name)
                usual.insert(.prefill)
                facts.append(ProviderFacts(name: name, dialect: dialect.name, capabilities: usual))
                providers.append(
                    Provider(
                        name: name, dialect: dialect, furtherDialects: further, lane: lane,
                        abilities: ProviderAbilities(embeddings: .none("it has none"))))
            }
            let words = ByteBuffer(string: "data: \(Stage.poison)\n\n")
            let begin = ReplayLane.Script.gated(gate, after: first.answer(Array(frames)), then: [words])
            if first == .invoke {
                add(Voice.converse.provider, further: [first.provider], begin)
            } else {
                add(first.provider, begin)
            }
            for kind in standbys { add(kind.dialect, Stage.reciting(kind, "standby")) }
            self.lanes = lanes
            let route = Route(
                name: "talk", candidates: facts.map { $0.candidate(model: "m-\($0.name)") }, policy: policy)
            gateway = TestGateway(
                providers: providers, facts: facts, routes: [route],
                stages: OptionalStages(supervisor: supervisor, permits: book))
        }

        /// Asks, and orders the suspension once the first candidate has been
        /// taken so many pieces of.
        func cut(after pieces: Int, _ door: Voice, mayContinue: Bool = true) async throws -> HeardVoice {
            let call = gateway.call(door.request, door: door.door, path: door.path)
            let (gateway, reply) = (gateway, reply)
            let task = Task(executorPreference: gateway.executor) { await gateway.gateway.serve(call, reply: reply) }
            try await lanes[0].taken.until("\(pieces) pieces are taken") { $0 >= pieces }
            // Behind the turn in which that happened.
            try await gateway.executor.eventLoop.submit {}.get()
            suspensions.order(.model("p0/m-p0"), mayContinue: mayContinue)
            book.apply(suspensions.index)
            gate.change { $0 = true }
            try await inTime("the request's end") { await task.value }
            return HeardVoice(reply, door)
        }
    }

    @Test("a cut loses a word, says one twice, or looks like two answers", arguments: trips, Content.allCases)
    func everyEvent(_ trip: Trip, _ content: Content) async throws {
        let frames = try trip.first.unended(trip.first.frames(content.events))
        for window in [1, 9, 10_000] {
            // The end of an exchange takes it out of the suspension's reach.
            for count in 1...frames.count {
                let standby: Relayers.Kind = count.isMultiple(of: 2) ? .openai : .anthropic
                let house = House(
                    trip.first, saying: frames[..<count], standbys: [standby],
                    policy: .supervised(text: window, wait: .seconds(600)))
                let heard = try await house.cut(after: count, trip.door)
                let record = try #require(house.gateway.book.last)
                let place = "window \(window), \(count) of \(frames.count) frames: \(heard)"
                #expect(!house.reply.text.contains(Stage.poison), "\(place)")
                #expect(heard.problem == nil && heard.failures == 0 && heard.ends == 1, "\(place)")
                #expect(heard.starts <= 1 && heard.finishes.count == 1 && record.outcome == .served, "\(place)")
                // A call is whole, or was never made.
                #expect(heard.text == Stage.text, "\(place)")
                #expect(heard.calls.isEmpty || heard.calls == [#"{"where":"up"}"#], "\(place)")
                #expect(heard.finishes == [heard.calls.isEmpty ? .endTurn : .toolCalls], "\(place)")
                #expect(record.attempts.first?.failure == "suspended", "\(place)")
                #expect(house.gateway.gateway.continuity.book.isQuiet, "\(place)")
            }
        }
    }

    @Test("text is dropped and said all the same", arguments: Voice.allCases)
    func whatIsHeldIsMadeAnew(_ door: Voice) async throws {
        let frames = try door.unended(door.frames(Content.text.events))
        // All of the text has come, and the window has let go about a half.
        let count = frames.count - 2
        let house = House(
            door, saying: frames[..<count], standbys: [.openai], policy: .supervised(text: 17, wait: .seconds(600)))
        let heard = try await house.cut(after: count, door)
        #expect(heard.text == Stage.text && heard.ends == 1 && heard.problem == nil)
        // The standby was asked to go on from the words that the caller had, and not from what was held.
        let asked = String(buffer: try #require(house.lanes[1].requests.value.first).body)
        #expect(asked.contains("\"The lamp of the\"") && !asked.contains("burns"))
        let record = try #require(house.gateway.book.last)
        #expect(record.handOvers.map(\.cause) == ["suspended"] && record.handOvers.map(\.by) == ["p1/m-p1"])
        // The judge of the rest has read what went out, and none of what was dropped.
        let shown = house.supervisor.shown.value
        #expect(shown.first?.text == "The lamp of the capt")
        #expect(shown.last?.isEnd == true && shown.last?.text.hasPrefix(Stage.text) == true)
    }

    @Test("the standby's text passes no window", arguments: Voice.allCases)
    func theStandbyIsJudged(_ door: Voice) async throws {
        let frames = try door.unended(door.frames(Content.text.events))
        let count = frames.count / 2
        let supervisor = AnswerSupervisor { $0.text.contains("burns") ? AnswerSupervisor.block : Verdict(.allow) }
        let house = House(
            door, saying: frames[..<count], standbys: [.openai], policy: .supervised(text: 9, wait: .seconds(600)),
            supervisor)
        let heard = try await house.cut(after: count, door)
        #expect(!heard.text.contains("burns") && heard.problem == nil)
        #expect(try #require(house.gateway.book.last).outcome == .blocked)
    }

    @Test("words of a suspended model look like a whole answer", arguments: Voice.allCases, [true, false])
    func nobodyGoesOn(_ door: Voice, _ mayContinue: Bool) async throws {
        let frames = try door.unended(door.frames(Content.text.events))
        for count in [frames.count / 2, frames.count] {
            let house = House(
                door, saying: frames[..<count], standbys: mayContinue ? [] : [.openai],
                policy: .supervised(text: 9, wait: .seconds(600)))
            let heard = try await house.cut(after: count, door, mayContinue: mayContinue)
            let record = try #require(house.gateway.book.last)
            #expect(heard.ends == 0 && heard.failures == 1 && heard.finishes.isEmpty && heard.problem == nil)
            #expect(Stage.text.hasPrefix(heard.text) && !heard.text.isEmpty)
            #expect(record.outcome == .truncated && record.reason == "suspended")
            #expect(house.reply.text.contains("S1"))
        }
    }

    @Test("a standby that is suspended too leaves its words behind", arguments: Voice.allCases)
    func twoCuts(_ door: Voice) async throws {
        let frames = try door.unended(door.frames(Content.text.events))
        let gate = Watched(false)
        for window in [1, 9] {
            let house = House(
                door, saying: frames[..<(frames.count / 3)], standbys: [.openai, .anthropic],
                policy: .supervised(text: window, wait: .seconds(600)))
            house.lanes[1].replay(Stage.continuing("second", gate))
            let call = house.gateway.call(door.request, door: door.door, path: door.path)
            let task = Task(executorPreference: house.gateway.executor) {
                await house.gateway.gateway.serve(call, reply: house.reply)
            }
            func pull(_ number: Int) async throws {
                try await house.lanes[number].taken.until("p\(number) says something") { $0 > 0 }
                try await house.gateway.executor.eventLoop.submit {}.get()
                house.suspensions.order(.model("p\(number)/m-p\(number)"))
                house.book.apply(house.suspensions.index)
            }
            try await pull(0)
            try await pull(1)
            gate.change { $0 = true }
            house.gate.change { $0 = true }
            try await inTime("the request's end") { await task.value }
            let heard = HeardVoice(house.reply, door)
            #expect(heard.text == Stage.text && heard.ends == 1 && heard.problem == nil && heard.starts <= 1)
            #expect(!house.reply.text.contains(Stage.poison))
        }
    }

    /// A candidate that breaks off by itself, and one behind it that is
    /// suspended, at any two places.
    @Test("a break and a cut together lose a word", arguments: Voice.allCases)
    func aBreakAndACut(_ door: Voice) async throws {
        let frames = try door.unended(door.frames(Content.text.events))
        let gate = Watched(false)
        for window in [1, 9, 30] {
            for count in stride(from: 1, to: frames.count - 1, by: 2) {
                let house = House(
                    door, saying: frames[..<count], standbys: [.openai, .anthropic],
                    policy: .supervised(text: window, wait: .seconds(600)))
                house.lanes[0].replay(.breaking(.cut, after: door.answer(Array(frames[..<count]))))
                house.lanes[1].replay(Stage.continuing("second", gate))
                let call = house.gateway.call(door.request, door: door.door, path: door.path)
                let task = Task(executorPreference: house.gateway.executor) {
                    await house.gateway.gateway.serve(call, reply: house.reply)
                }
                try await house.lanes[1].taken.until("the second goes on") { $0 > 0 }
                try await house.gateway.executor.eventLoop.submit {}.get()
                house.suspensions.order(.model("p1/m-p1"))
                house.book.apply(house.suspensions.index)
                gate.change { $0 = true }
                try await inTime("the request's end") { await task.value }
                gate.change { $0 = false }
                let heard = HeardVoice(house.reply, door)
                #expect(heard.text == Stage.text && heard.ends == 1, "window \(window), \(count): \(heard)")
                #expect(heard.problem == nil && heard.starts <= 1, "window \(window), \(count): \(heard)")
                #expect(!house.reply.text.contains(Stage.poison))
            }
        }
    }
}
