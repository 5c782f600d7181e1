import Conversation
import Gateway
import GatewayTesting
import NIOCore
import Routing

import Supervision
import Synchronization
import Testing
import Wire

/// Whole answers under supervision, continuations, and conditions beside it.
@Suite(.serialized) struct SupervisedAnswerTests {
    private static func house(
        _ candidates: [(kind: Relayers.Kind, script: ReplayLane.Script)], _ supervisor: any Supervisor,
        policy: RoutePolicy = .supervised(), audit: (any AuditRecorder)? = nil
    ) -> Relayers {
        Relayers(candidates, policy: policy, audit: audit, stages: OptionalStages(supervisor: supervisor))
    }

    private static func ask(_ house: Relayers, _ speech: Speech, isStream: Bool = false) async -> CollectedReply {
        await house.house.serve(
            house.house.call(speech.request("talk", stream: isStream), door: speech.dialect))
    }

    private static func kind(_ speech: Speech) -> Relayers.Kind { speech == .openai ? .openai : .anthropic }
    private static func reply(_ speech: Speech) -> String {
        speech == .openai ? Sample.openaiReply : Sample.anthropicReply
    }

    // MARK: Whole answers

    @Test(arguments: Speech.allCases) func aClearedAnswerGoesOutAsItCame(_ speech: Speech) async throws {
        let supervisor = AnswerSupervisor()
        let house = Self.house([(Self.kind(speech), .json(Self.reply(speech)))], supervisor)
        let reply = await Self.ask(house, speech)
        #expect(reply.status == 200 && reply.text == Self.reply(speech))
        let shown = supervisor.shown.value
        #expect(shown.count == 1 && shown[0].isEnd && shown[0].text.contains("Hi!"))
        #expect(try #require(house.house.book.last).supervision?.extent == .ran)
    }

    @Test(
        "a blocked answer shows a word of it, or no client can read it", arguments: Speech.allCases,
        Relayers.Kind.allCases)
    func aBlockedAnswerIsARefusal(_ speech: Speech, _ kind: Relayers.Kind) async throws {
        let body = kind == .anthropic ? Sample.anthropicReply : Sample.openaiReply
        let house = Self.house(
            [(kind, .json(body)), (.openai, .silent)], AnswerSupervisor { _ in AnswerSupervisor.block })
        let reply = await Self.ask(house, speech)
        #expect(reply.status == 200 && !reply.text.contains("Hi!"))
        let read = try speech.dialect.decodeReply(reply.told.body)
        #expect(read.choices[0].finish == (speech == .openai ? .contentFilter : .refusal))
        #expect(reply.text.contains("blocked by policy (clause no-such-words, reference ref-3)"))
        #expect(read.usage?.input == 11 && read.usage?.output == 3)
        let record = try #require(house.house.book.last)
        #expect(record.outcome == .blocked && record.status == 200 && record.usage?.output == 3)
        #expect(house.lanes[1].requests.value.isEmpty && record.responseBytes == reply.told.body.readableBytes)
    }

    @Test func anUnreadableAnswerDoesNotGoOut() async throws {
        // Which of the two does a client read?
        let body = Sample.openaiReply.replacingLast("Hi!\"", with: "Hi!\",\"content\":\"other\"")
        let house = Self.house([(.openai, .json(body))], AnswerSupervisor())
        let reply = await Self.ask(house, .openai)
        #expect(reply.status == 503 && !reply.text.contains("Hi!") && !reply.text.contains("other"))
        #expect(try #require(house.house.book.last).supervision?.answer?.verdict.error == "malformed")
    }

    @Test(arguments: Speech.allCases) func aProvidersErrorIsJudgedToo(_ speech: Speech) async throws {
        let error = #"{"type":"error","error":{"message":"SECRET WORDS","type":"invalid_request_error"}}"#
        let supervisor = AnswerSupervisor { $0.text.contains("SECRET") ? AnswerSupervisor.block : Verdict(.allow) }
        let house = Self.house([(Self.kind(speech), .json(error, status: 400))], supervisor)
        let reply = await Self.ask(house, speech)
        #expect(reply.status == 400 && !reply.text.contains("SECRET") && reply.text.contains("blocked by policy"))
        #expect(try #require(house.house.book.last).outcome == .blocked)
    }

    @Test("a provider's header fields carry words past the supervisor", arguments: Speech.allCases, [false, true])
    func headerFieldsAreJudged(_ speech: Speech, _ isStream: Bool) async throws {
        let supervisor = AnswerSupervisor { $0.text.contains("SECRET") ? AnswerSupervisor.block : Verdict(.allow) }
        let stream = speech == .openai ? Sample.openaiStream : Sample.anthropicStream
        let script = ReplayLane.Script.answer(
            type: isStream ? "text/event-stream" : "application/json",
            fields: HTTPFieldList(["x-ratelimit-note": "SECRET WORDS", "x-unknown": "never passed on"]),
            isStream ? stream.map { ByteBuffer(string: $0) } : [ByteBuffer(string: Self.reply(speech))])
        let house = Self.house([(Self.kind(speech), script)], supervisor)
        let reply = await Self.ask(house, speech, isStream: isStream)
        let head = try #require(reply.told.head)
        #expect(head.status == 200 && !head.fields.fields.contains { $0.value.contains("SECRET") })
        #expect(head.fields["content-type"]?.isEmpty == false && reply.text.contains("blocked by policy"))
        #expect(try #require(house.house.book.last).outcome == .blocked)
    }

    @Test func whatCannotBeSeenIsRefusedWhereTheRouteSaysSo() async throws {
        let body =
            #"{"id":"m","type":"message","role":"assistant","model":"m","content":[{"type":"redacted_thinking","data":"QUJD"},"#
            + #"{"type":"text","text":"Hi!"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}"#
        for (unseen, isRefused) in [(SupervisionPolicy.Unseen.pass, false), (.refuse, true)] {
            let house = Self.house(
                [(.anthropic, .json(body))], AnswerSupervisor(), policy: .supervised(unseen: unseen))
            let reply = await Self.ask(house, .anthropic)
            #expect(reply.text.contains("Hi!") == !isRefused)
            let record = try #require(house.house.book.last)
            #expect(record.outcome == (isRefused ? .blocked : .served))
            #expect(record.supervision?.unseen == [.encryptedThinking])
        }
    }

    @Test func aShadowJudgesAWholeAnswerBehindIt() async throws {
        let supervisor = AnswerSupervisor { _ in AnswerSupervisor.block }
        let house = Self.house(
            [(.openai, .json(Sample.openaiReply))], supervisor, policy: .supervised(.shadow))
        let reply = await Self.ask(house, .openai)
        #expect(reply.text == Sample.openaiReply)
        #expect(try #require(house.house.book.last).supervision?.answer?.verdict.ruling == .block)
    }

    // MARK: A stream that breaks off

    static let text = "The lamp of Köln, the captain said, is a capitol idea 🎉 for all."

    struct Cut: Sendable, CustomTestStringConvertible {
        var speech: Speech
        var first: Relayers.Kind
        /// In characters.
        var window: Int
        var isEveryByte: Bool { window == 10 && first.speech == speech && first != .engine }
        var testDescription: String { "\(speech) by \(first), window \(window)" }

        static let all = Speech.allCases.flatMap { speech in
            Relayers.Kind.allCases.flatMap { first in
                [1, 10, 10_000].map { Cut(speech: speech, first: first, window: $0) }
            }
        }
    }

    @Test("text that was held at a cut is lost, doubled, or goes out unjudged", arguments: Cut.all)
    func aCutInsideTheWindow(_ cut: Cut) async throws {
        let whole = Reciter(kind: cut.first, text: Self.text, id: "first").stream(Self.text)
        let second = Reciter(kind: .openai, text: Self.text, id: "second")
        for place in stride(from: 0, through: whole.readableBytes, by: cut.isEveryByte ? 1 : 17) {
            let part = whole.getSlice(at: 0, length: place)!
            let supervisor = AnswerSupervisor()
            let house = Self.house(
                [
                    (cut.first, .breaking(.cut, after: .events(place == 0 ? [] : [part]))),
                    (.openai, .reading { .events([second.bytes($0)]) }),
                ], supervisor, policy: .supervised(text: cut.window))
            let reply = await Self.ask(house, cut.speech, isStream: true)
            let heard = Heard(reply, cut.speech)
            #expect(heard.text == Self.text && heard.isWhole && heard.terminals == 1, "cut at \(place)")
            #expect(heard.starts.count == 1 && heard.problem == nil && heard.errors == 0, "cut at \(place)")
            #expect(supervisor.cleared.value.contains(Self.text), "cut at \(place)")
            #expect(supervisor.shown.value.filter(\.isEnd).count == 1)
        }
    }

    @Test("a block after a cut shows what was held at the cut", arguments: Speech.allCases)
    func aBlockAtACut(_ speech: Speech) async throws {
        let kind = Self.kind(speech)
        let whole = Reciter(kind: kind, text: Self.text, id: "first").stream(Self.text)
        let part = whole.getSlice(at: 0, length: whole.readableBytes * 3 / 4)!
        for count in 0..<2 {
            let supervisor = AnswerSupervisor.blocking(after: count)
            let second = Reciter(kind: kind, text: Self.text, id: "second")
            let house = Self.house(
                [(kind, .breaking(.cut, after: .events([part]))), (kind, .reading { .events([second.bytes($0)]) })],
                supervisor, policy: .supervised(text: 10_000))
            let heard = Heard(await Self.ask(house, speech, isStream: true), speech)
            #expect(heard.looksWhole && heard.finishes.count == 1)
            #expect(try #require(house.house.book.last).outcome == .blocked)
            // The standby isn't asked for an answer that was blocked.
            #expect(house.lanes[1].requests.value.count == count)
            #expect(count > 0 || !heard.text.contains("lamp"))
        }
    }

    @Test(arguments: Speech.allCases) func aStreamThatNobodyGoesOnWithEndsAsItDoesUnsupervised(
        _ speech: Speech
    ) async throws {
        let kind = Self.kind(speech)
        let whole = Reciter(kind: kind, text: Self.text, id: "a").stream(Self.text)
        let part = whole.getSlice(at: 0, length: whole.readableBytes * 3 / 4)!
        let script = ReplayLane.Script.breaking(.cut, after: .events([part]))
        let plain = await Self.ask(
            Self.house([(kind, script)], AnswerSupervisor(), policy: RoutePolicy()), speech, isStream: true)
        let house = Self.house([(kind, script)], AnswerSupervisor(), policy: .supervised(text: 10_000))
        let supervised = await Self.ask(house, speech, isStream: true)
        #expect(supervised.told.body == plain.told.body && Heard(supervised, speech).errors == 1)
        #expect(try #require(house.house.book.last).outcome == .truncated)
    }

    // MARK: Beside other conditions

    /// A ledger that notes the order of things.
    private final class NotingAudit: AuditRecorder {
        final class Digest: AnswerDigest {
            var body = ByteBuffer()
            func saw(_ bytes: ByteBuffer) { body.writeImmutableBuffer(bytes) }
        }

        let log = Mutex<[String]>([])
        let isDurable: Bool
        init(isDurable: Bool = true) { self.isDurable = isDurable }

        var refusal: APIProblem? { nil }
        func digest(of call: Call) -> (any AnswerDigest)? { Digest() }

        private func note(_ what: String) -> Durability {
            log.withLock { $0.append(what) }
            let durability = Durability()
            durability.tell(isDurable)
            return durability
        }

        func admitted(_ record: RequestRecord, to candidate: String, _ digest: any AnswerDigest) -> Durability {
            note("admitted")
        }
        func finished(_ record: RequestRecord, _ digest: any AnswerDigest) async { _ = finishing(record, digest) }
        func finishing(_ record: RequestRecord, _ digest: any AnswerDigest) -> Durability {
            let body = (digest as? Digest).map { String(buffer: $0.body) } ?? ""
            return note("\(record.outcome) \(body)")
        }
        func withheld(_ record: RequestRecord) { _ = note("withheld") }
    }

    @Test("the ledger hashes what was held back, or another order of bytes", arguments: [false, true], [false, true])
    func theLedgerHasWhatWasSent(_ isBefore: Bool, _ isStream: Bool) async throws {
        for verdict in [Verdict(.allow), AnswerSupervisor.block, Verdict(.error, error: "late")] {
            let audit = NotingAudit()
            var policy = RoutePolicy.supervised(text: 5)
            policy.recordsBeforeAnswer = isBefore
            let stream = Reciter(kind: .openai, text: Self.text, id: "a").stream(Self.text)
            let house = Self.house(
                [(.openai, isStream ? .events(stream.singly) : .json(Sample.openaiReply))],
                AnswerSupervisor { _ in verdict }, policy: policy, audit: audit)
            let reply = await Self.ask(house, .openai, isStream: isStream)
            let outcome: RequestRecord.Outcome =
                switch verdict.ruling {
                case .allow: .served
                case .block: .blocked
                default: .failed
                }
            #expect(audit.log.withLock { $0.last } == "\(outcome) \(reply.text)")
            #expect(audit.log.withLock { $0.contains("admitted") } == isBefore && reply.told.offences.isEmpty)
        }
    }

    @Test func aRecordThatCannotBeWrittenHoldsAClearedAnswer() async throws {
        var policy = RoutePolicy.supervised(text: 5)
        policy.recordsBeforeAnswer = true
        let stream = Reciter(kind: .openai, text: Self.text, id: "a").stream(Self.text)
        let house = Self.house(
            [(.openai, .events([stream]))], AnswerSupervisor(), policy: policy, audit: NotingAudit(isDurable: false))
        let reply = await Self.ask(house, .openai, isStream: true)
        #expect(reply.status == 503 && reply.text.contains("ledger_unavailable"))
    }
}

extension String {
    fileprivate func replacingLast(_ words: String, with other: String) -> String {
        guard let range = ranges(of: words).last else { return self }
        return replacingCharacters(range, other)
    }

    private func replacingCharacters(_ range: Range<Index>, _ other: String) -> String {
        String(self[..<range.lowerBound]) + other + self[range.upperBound...]
    }
}
