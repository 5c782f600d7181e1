import Conversation
import Foundation
import Gateway
import GatewayTesting
import NIOCore
import Routing
import Supervision
import Testing
import Wire

/// Streams under supervision: what goes out, and what never does.
@Suite(.serialized) struct SupervisedStreamTests {
    static let text = "The lamp of Köln, the captain said, is a capitol idea 🎉 for all."

    private static func kind(_ speech: Speech) -> Relayers.Kind { speech == .openai ? .openai : .anthropic }

    private static func house(
        _ script: ReplayLane.Script, _ kind: Relayers.Kind, _ supervisor: any Supervisor,
        policy: RoutePolicy = .supervised(), audit: (any AuditRecorder)? = nil
    ) -> Relayers {
        Relayers(
            [(kind, script)], policy: policy, audit: audit, stages: OptionalStages(supervisor: supervisor))
    }

    private static func ask(_ house: Relayers, _ speech: Speech, isStream: Bool = true) async -> CollectedReply {
        await house.house.serve(
            house.house.call(speech.request("talk", stream: isStream), door: speech.dialect))
    }

    // MARK: Nothing is changed

    /// A stream of the golden files, for a caller of its own dialect.
    struct Recorded: Sendable, CustomTestStringConvertible {
        var speech: Speech
        var name: String
        var bytes: ByteBuffer
        var testDescription: String { "\(speech)/\(name)" }

        private static let folder = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/golden")

        static let all: [Recorded] = Speech.allCases.flatMap { speech in
            names(speech).map { name in
                let file = folder.appending(path: "\(speech)/\(name)/stream.sse")
                return Recorded(
                    speech: speech, name: name, bytes: ByteBuffer(bytes: (try? Data(contentsOf: file)) ?? Data()))
            }
        }

        private static func names(_ speech: Speech) -> [String] {
            switch speech {
            case .openai:
                ["images", "limits", "plain", "reasoning", "refusal", "schema", "tools", "turns", "unicode"]
            case .anthropic:
                ["images", "limits", "plain", "refusal", "schema", "stopped", "thinking", "tools", "turns", "unicode"]
            }
        }
    }

    @Test("a byte of a recorded stream is lost, doubled or changed", arguments: Recorded.all)
    func everyByteGoesOut(_ recorded: Recorded) async throws {
        let kind = Self.kind(recorded.speech)
        #expect(recorded.bytes.readableBytes > 1000)
        for text in [1, 160] {
            let supervisor = AnswerSupervisor()
            let house = Self.house(
                .events(recorded.bytes.singly), kind, supervisor, policy: .supervised(text: text))
            let reply = await Self.ask(house, recorded.speech)
            #expect(reply.told.body == recorded.bytes && reply.told.isWhole && reply.told.offences.isEmpty)
            #expect(supervisor.shown.value.last?.isEnd == true)
            #expect(supervisor.shown.value.dropLast().allSatisfy { !$0.isEnd })
            #expect(house.house.book.last?.supervision?.answer?.verdict.ruling == .allow)
        }
    }

    @Test("a stream that is cut on its way at any byte is changed", arguments: Speech.allCases)
    func everyCutOnTheWay(_ speech: Speech) async throws {
        for lineEnd in ["\n", "\r\n", "\r"] {
            let bytes = Sample.stream(speech == .openai ? "oa" : "an", lineEnd: lineEnd)
            // Nothing behind the end goes out, supervised or not: half a CRLF.
            let last = bytes.readableBytes - (lineEnd == "\r\n" ? 2 : 0)
            for place in stride(from: 0, through: last, by: lineEnd == "\n" ? 1 : 7) {
                let house = Self.house(.events(bytes.cut(at: place)), Self.kind(speech), AnswerSupervisor())
                let reply = await Self.ask(house, speech)
                #expect(reply.told.body == bytes && reply.told.isWhole, "cut at \(place)")
            }
        }
    }

    // MARK: Blocks

    struct Trip: Sendable, CustomTestStringConvertible {
        var speech: Speech
        var kind: Relayers.Kind
        var testDescription: String { "\(speech) by \(kind)" }
        static let all = Speech.allCases.flatMap { speech in
            Relayers.Kind.allCases.map { Trip(speech: speech, kind: $0) }
        }
    }

    @Test("a blocked answer goes on, ends badly, or shows what was not cleared", arguments: Trip.all)
    func aBlockEndsTheAnswerAnywhere(_ trip: Trip) async throws {
        let reciter = Reciter(kind: trip.kind, text: Self.text, id: "a")
        let whole = reciter.stream(Self.text)
        var ends = 0
        for count in 0... {
            let supervisor = AnswerSupervisor.blocking(after: count)
            let other = ReplayLane.Script.events([whole])
            let house = Relayers(
                [(trip.kind, .events(whole.singly)), (.openai, other)], policy: .supervised(text: 1),
                stages: OptionalStages(supervisor: supervisor))
            let reply = await Self.ask(house, trip.speech)
            let record = try #require(house.house.book.last)
            let heard = Heard(reply, trip.speech)
            guard record.outcome == .blocked else {
                #expect(record.outcome == .served && heard.text == Self.text)
                break
            }
            ends += 1
            #expect(heard.isWhole && heard.terminals == 1 && heard.problem == nil && heard.errors == 0, "\(count)")
            let reason = try #require(heard.finishes.first)
            #expect(reason == (trip.speech == .openai ? .contentFilter : .refusal))
            // No word that was not cleared, and the note.
            let note = "The answer was blocked by policy (clause no-such-words, reference ref-3)."
            #expect(reply.text.contains(note) && supervisor.cleared.value.hasPrefix(Self.said(heard, note)))
            #expect(record.status == 200 && record.reason == "blocked_by_policy" && record.usage != nil)
            // No failure of the candidate's, and nobody else is asked.
            #expect(house.lanes[1].requests.value.isEmpty && record.attempts[0].failure == nil)
            #expect(house.lanes[0].endings.value.count == 1)
            #expect(record.responseBytes == reply.told.body.readableBytes)
        }
        // Once for each window, and once more at the end.
        #expect(ends >= 10)
    }

    private static func said(_ heard: Heard, _ note: String) -> String {
        heard.text.hasSuffix(note) ? String(heard.text.dropLast(note.count)) : heard.text
    }

    @Test(arguments: Speech.allCases) func aBlockSendsWholeFramesAndAClosing(_ speech: Speech) async throws {
        let bytes = Sample.stream(speech == .openai ? "oa" : "an")
        for count in 0..<3 {
            let house = Self.house(
                .events(bytes.singly), Self.kind(speech), AnswerSupervisor.blocking(after: count),
                policy: .supervised(text: 1))
            let reply = await Self.ask(house, speech)
            let told = try Events(reply.told.body).events
            let source = try Events(bytes).events
            let same = zip(told, source).prefix { $0 == $1 }.count
            #expect(house.house.book.last?.outcome == .blocked && same < source.count)
            var decoder = speech.dialect.makeStreamDecoder()
            var events: [StreamEvent] = []
            for frame in told { try decoder.decode(frame, into: &events) }
            #expect(events.last == .ended && events.contains { $0.isRefused })
            // The call was cleared with the last but one.
            #expect(count == 2 || !events.contains { $0.startsCall })
        }
    }

    @Test func aToolCallIsShownWholeBeforeAnyOfItGoes() async throws {
        for speech in Speech.allCases {
            let bytes = Sample.stream(speech == .openai ? "oa" : "an")
            let supervisor = AnswerSupervisor { shown in
                shown.text.contains("\"a\":1") ? AnswerSupervisor.block : Verdict(.allow)
            }
            let house = Self.house(
                .events(bytes.singly), Self.kind(speech), supervisor, policy: .supervised(text: 1))
            let reply = await Self.ask(house, speech)
            #expect(house.house.book.last?.outcome == .blocked)
            let heard = Heard(reply, speech)
            #expect(heard.calls.isEmpty && heard.text.hasPrefix("Hé") && heard.isWhole)
            let calls = supervisor.shown.value.flatMap(\.pieces).compactMap { piece -> String? in
                if case .text(_, .toolCall, let text) = piece { text } else { nil }
            }
            #expect(calls.joined().hasPrefix("f\n{\"a\":1}"))
        }
    }

    @Test("a text in a member that nobody knows passes unseen", arguments: Speech.allCases)
    func nothingIsUnread(_ speech: Speech) async throws {
        let hidden =
            speech == .openai
            ? #"data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","x":{"deep":["SECRET WORDS"]},"choices":[]}"#
            : "event: content_block_delta\n"
                + #"data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a","x":["SECRET WORDS"]}}"#
        let asides = [hidden, ": SECRET WORDS", "id: SECRET WORDS", "event: SECRET WORDS\ndata: {}"]
        for aside in asides {
            var bytes = ByteBuffer(string: "\(aside)\n\n")
            var source = Sample.stream(speech == .openai ? "oa" : "an")
            let first = source.readSlice(length: Self.places(source)[2])!
            var whole = first
            whole.writeBuffer(&bytes)
            whole.writeBuffer(&source)
            let supervisor = AnswerSupervisor { $0.text.contains("SECRET") ? AnswerSupervisor.block : Verdict(.allow) }
            let house = Self.house(.events([whole]), Self.kind(speech), supervisor)
            let reply = await Self.ask(house, speech)
            #expect(house.house.book.last?.outcome != .served && !reply.text.contains("SECRET"), "\(aside)")
        }
    }

    /// The ends of its frames.
    private static func places(_ bytes: ByteBuffer) -> [Int] {
        let text = Array(bytes.readableBytesView)
        return text.indices.dropFirst().filter { text[$0] == 0x0A && text[$0 - 1] == 0x0A }.map { $0 + 1 }
    }

    // MARK: No verdict

    @Test(arguments: Speech.allCases) func aFailingSupervisorLetsNothingOut(_ speech: Speech) async throws {
        let whole = Reciter(kind: .openai, text: Self.text, id: "a").stream(Self.text)
        let house = Self.house(
            .events(whole.singly), .openai, AnswerSupervisor { _ in Verdict(.error, error: "late") })
        let reply = await Self.ask(house, speech)
        #expect(reply.status == 503 && reply.text.contains("supervision_unavailable"))
        #expect(reply["retry-after"] == "1" && reply.told.isWhole && reply.told.offences.isEmpty)
        let record = try #require(house.house.book.last)
        #expect(record.outcome == .failed && record.reason == "supervision_unavailable" && record.status == 503)
        #expect(record.supervision?.answer?.verdict.error == "late" && record.attempts[0].failure == nil)
    }

    @Test(arguments: Speech.allCases) func aSupervisorThatFailsLaterLeavesTheAnswerUnfinished(
        _ speech: Speech
    ) async throws {
        let whole = Reciter(kind: .openai, text: Self.text, id: "a").stream(Self.text)
        let supervisor = AnswerSupervisor { $0.text.count > 8 ? Verdict(.error, error: "crashed") : Verdict(.allow) }
        let house = Self.house(.events(whole.singly), .openai, supervisor, policy: .supervised(text: 1))
        let heard = Heard(await Self.ask(house, speech), speech)
        #expect(heard.text == String(Self.text.prefix(8)) && !heard.looksWhole && heard.errors == 1)
        #expect(try #require(house.house.book.last).outcome == .truncated)
    }

    @Test(arguments: ["data: {\"a\":1,\"a\":2}\n\n", "data: \u{1}\n\n", "data: [1]\n\n", "data: {\"x\":\"y\""])
    func whatCannotBeReadIsNoAnswer(_ frame: String) async throws {
        var whole = ByteBuffer(string: frame)
        var rest = Reciter(kind: .openai, text: Self.text, id: "a").stream(Self.text)
        let start = rest.readSlice(length: Self.places(rest)[3])!
        var bytes = start
        bytes.writeBuffer(&whole)
        bytes.writeBuffer(&rest)
        let house = Self.house(.events([bytes]), .openai, AnswerSupervisor(), policy: .supervised(text: 1))
        let heard = Heard(await Self.ask(house, .openai), .openai)
        #expect(!heard.looksWhole && heard.text.isEmpty)
    }

    // MARK: Time

    @Test(arguments: Speech.allCases) func aLullReleasesWhatIsHeld(_ speech: Speech) async throws {
        let whole = Reciter(kind: Self.kind(speech), text: Self.text, id: "a").stream(Self.text)
        let first = whole.getSlice(at: 0, length: whole.readableBytes / 2)!
        let rest = whole.getSlice(at: first.readableBytes, length: whole.readableBytes - first.readableBytes)!
        let gate = Watched(false)
        let house = Self.house(
            .gated(gate, after: .events([first]), then: [rest]), Self.kind(speech), AnswerSupervisor(),
            policy: .supervised(text: 10_000, wait: .milliseconds(5)))
        let reply = CollectedReply()
        let call = house.house.call(speech.request("talk", stream: true), door: speech.dialect)
        let task = Task { await house.house.serve(call, reply: reply) }
        // The provider says nothing more before it is heard.
        try await eventually("the first half") { reply.told.body.readableBytes > 0 }
        gate.change { $0 = true }
        _ = await task.value
        #expect(reply.told.body == whole && reply.told.isWhole && reply.told.offences.isEmpty)
    }

    @Test func aSlowJudgeHoldsTheProvider() async throws {
        let whole = Reciter(kind: .openai, text: Self.text, id: "a").stream(Self.text)
        let gate = Watched(false)
        let supervisor = AnswerSupervisor { _ in
            while !gate.value, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(1)) }
            return Verdict(.allow)
        }
        let house = Self.house(.events(whole.singly), .openai, supervisor, policy: .supervised(text: 1))
        let reply = CollectedReply()
        let call = house.house.call(Speech.openai.request("talk", stream: true), door: Speech.openai.dialect)
        let task = Task { await house.house.serve(call, reply: reply) }
        try await supervisor.shown.until { !$0.isEmpty }
        let taken = try await settled("pieces") { house.lanes[0].taken.value }
        #expect(taken < whole.readableBytes && !reply.hasBegun)
        gate.change { $0 = true }
        _ = await task.value
        #expect(reply.told.body == whole)
    }

    @Test func aCallerWhoLeavesIsNoVerdict() async throws {
        let whole = Reciter(kind: .openai, text: Self.text, id: "a").stream(Self.text)
        let supervisor = AnswerSupervisor { _ in
            while !Task.isCancelled { try? await Task.sleep(for: .milliseconds(1)) }
            return AnswerSupervisor.block
        }
        let house = Self.house(.hanging(after: .events([whole])), .openai, supervisor, policy: .supervised(text: 1))
        let reply = CollectedReply()
        let call = house.house.call(Speech.openai.request("talk", stream: true), door: Speech.openai.dialect)
        let gateway = house.house.gateway
        let task = Task(executorPreference: house.house.executor) { await gateway.serve(call, reply: reply) }
        try await supervisor.shown.until { !$0.isEmpty }
        task.cancel()
        await task.value
        #expect(reply.told.body.readableBytes == 0 && !reply.hasBegun && house.lanes[0].endings.value.count == 1)
        #expect(try #require(house.house.book.last).outcome == .callerGone)
    }

    // MARK: Shadow

    @Test(arguments: Speech.allCases) func aShadowDelaysNothingAndChangesNothing(_ speech: Speech) async throws {
        let whole = Reciter(kind: Self.kind(speech), text: Self.text, id: "a").stream(Self.text)
        let supervisor = AnswerSupervisor { _ in AnswerSupervisor.block }
        let house = Self.house(
            .events(whole.singly), Self.kind(speech), supervisor, policy: .supervised(.shadow))
        let reply = await Self.ask(house, speech)
        #expect(reply.told.body == whole && reply.told.isWhole)
        let record = try #require(house.house.book.last)
        #expect(record.outcome == .served && record.supervision?.answer?.verdict.ruling == .block)
        #expect(supervisor.shown.value.count == 1 && supervisor.shown.value[0].isEnd)
    }
}

extension StreamEvent {
    fileprivate var isRefused: Bool {
        switch self {
        case .finished(_, .contentFilter, _), .finished(_, .refusal, _): true
        default: false
        }
    }

    fileprivate var startsCall: Bool {
        if case .toolCallStarted = self { true } else { false }
    }
}
