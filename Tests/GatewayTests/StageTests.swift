import Access
import Conversation
import DialectOpenAI
import Gateway
import GatewayTesting
import NIOCore
import Resilience
import Routing
import Synchronization
import Testing
import Veto
import Wire

/// The optional stages of the pipeline: permit, release.
@Suite struct StageTests {
    private static let text = "The lamp burns."

    private static func telling(_ id: String) -> ReplayLane.Script {
        .events([Reciter(kind: .openai, text: text, id: id).stream(text)])
    }

    // MARK: Permit

    /// Permits that end at once: each check looks.
    private static func permits(_ scopes: SuspendedScope...) -> (ScriptedSuspensions, OptionalStages) {
        let suspensions = ScriptedSuspensions()
        for scope in scopes { suspensions.order(scope) }
        return (suspensions, OptionalStages(permits: PermitBook(source: suspensions, length: .zero)))
    }

    @Test func aSuspendedRouteIsRefused() async {
        let house = Relayers(
            [(.openai, Self.telling("a"))], stages: Self.permits(.route("talk")).1)
        let reply = await house.house.serve(
            house.house.call(Speech.openai.request("talk"), door: Speech.openai.dialect))
        #expect(reply.status == 503 && reply.text.contains("suspended") && reply.text.contains("S1"))
        #expect(house.lanes[0].requests.value.isEmpty)
    }

    @Test func aSuspendedCandidateIsPassedOver() async throws {
        let house = Relayers(
            [(.openai, Self.telling("a")), (.openai, Self.telling("b"))],
            stages: Self.permits(.model("p0/m-p0")).1)
        let heard = await house.ask(.openai)
        #expect(heard.starts == ["b"] && heard.text == Self.text)
        #expect(house.lanes[0].requests.value.isEmpty)
        #expect(try #require(house.house.book.last).skipped == ["p0/m-p0: suspended (S1)"])
    }

    @Test func aSuspendedCandidateCannotBeNamedDirectly() async {
        let house = Relayers(
            [(.openai, Self.telling("a"))], stages: Self.permits(.model("p0/m-p0")).1)
        let reply = await house.house.serve(
            house.house.call(Speech.openai.request("p0/m-p0"), door: Speech.openai.dialect))
        #expect(reply.status == 503 && reply.text.contains("suspended by this Holdfast (S1)"))
        #expect(house.lanes[0].requests.value.isEmpty)
    }

    @Test func noSuspendedCandidateGoesOnWithAStream() async throws {
        let whole = Reciter(kind: .openai, text: Self.text, id: "a").stream(Self.text)
        let part = whole.getSlice(at: 0, length: whole.readableBytes / 2)!
        let house = Relayers(
            [(.openai, .breaking(.cut, after: .events([part]))), (.openai, Self.telling("b"))],
            stages: Self.permits(.model("p1/m-p1")).1)
        let heard = await house.ask(.openai)
        #expect(!heard.looksWhole && heard.errors == 1)
        #expect(house.lanes[1].requests.value.isEmpty)
    }

    @Test func noSuspendedCandidateIsAskedBesideASilentOne() async throws {
        var policy = RoutePolicy()
        policy.silence = .after(.milliseconds(5))
        let gate = Watched(false)
        let whole = Reciter(kind: .openai, text: Self.text, id: "a").stream(Self.text)
        let house = Relayers(
            [
                (.openai, .gated(gate, after: .events([]), then: [whole])), (.openai, Self.telling("b")),
                (.openai, Self.telling("c")),
            ],
            policy: policy, stages: Self.permits(.model("p1/m-p1")).1)
        let heard = await house.ask(.openai)
        #expect(heard.starts == ["c"])
        #expect(house.lanes[1].requests.value.isEmpty)
    }

    @Test func aSuspensionCountsForTheNextAttemptOfTheSameRequest() async throws {
        let (suspensions, stages) = Self.permits()
        let house = Relayers(
            [
                (
                    .openai,
                    .reading { _ in
                        suspensions.order(.model("p0/m-p0"))
                        return .json(#"{"error":{"message":"broken","type":"server_error"}}"#, status: 500)
                    }
                ), (.openai, Self.telling("b")),
            ],
            stages: stages)
        let heard = await house.ask(.openai)
        #expect(heard.starts == ["b"])
        // A failure by chance is repeated at once, but for the suspension.
        #expect(house.lanes[0].requests.value.count == 1)
    }

    @Test func aSuspensionCountsForARequestThatMetAStaleConnection() async throws {
        let (suspensions, stages) = Self.permits()
        let house = Relayers(
            [
                (
                    .openai,
                    .attemptBased { _ in
                        suspensions.order(.model("p0/m-p0"))
                        return .failing(.closedBeforeHead(reused: true))
                    }
                ), (.openai, Self.telling("b")),
            ],
            stages: stages)
        let heard = await house.ask(.openai)
        #expect(heard.starts == ["b"])
        #expect(house.lanes[0].requests.value.count == 1, "it is sent again")
    }

    // MARK: Release

    /// A ledger that can be told to fail.
    private final class ScriptedAudit: AuditRecorder {
        final class Digest: AnswerDigest {
            var bytes = 0
            func saw(_ body: ByteBuffer) { bytes += body.readableBytes }
        }

        let isDurable: @Sendable (String) -> Bool
        let log = Mutex<[String]>([])

        init(_ isDurable: @escaping @Sendable (String) -> Bool) { self.isDurable = isDurable }

        var refusal: APIProblem? { nil }
        func digest(of call: Call) -> (any AnswerDigest)? { Digest() }

        private func note(_ what: String) -> Durability {
            log.withLock { $0.append(what) }
            let durability = Durability()
            durability.tell(isDurable(what))
            return durability
        }

        func admitted(_ record: RequestRecord, to candidate: String, _ digest: any AnswerDigest) -> Durability {
            note("admitted \(candidate)")
        }
        func finished(_ record: RequestRecord, _ digest: any AnswerDigest) async {
            log.withLock { $0.append("settled \((digest as? Digest)?.bytes ?? 0)") }
        }
        func finishing(_ record: RequestRecord, _ digest: any AnswerDigest) -> Durability { note("settling") }
        func withheld(_ record: RequestRecord) { log.withLock { $0.append("withheld") } }
    }

    private static func recorded(_ audit: ScriptedAudit, before: Bool) -> Relayers {
        var policy = RoutePolicy()
        policy.recordsBeforeAnswer = before
        return Relayers([(.openai, telling("a"))], policy: policy, audit: audit)
    }

    @Test func anAnswerIsReadAlongAndRecordedAfterIt() async {
        let audit = ScriptedAudit { _ in true }
        let house = Self.recorded(audit, before: false)
        let heard = await house.ask(.openai)
        let bytes = Reciter(kind: .openai, text: Self.text, id: "a").stream(Self.text).readableBytes
        #expect(heard.text == Self.text && audit.log.withLock { $0 } == ["settled \(bytes)"])
    }

    @Test func aHeldAnswerGoesOutOnceItIsOnRecord() async {
        let audit = ScriptedAudit { _ in true }
        let heard = await Self.recorded(audit, before: true).ask(.openai)
        #expect(heard.text == Self.text && heard.isWhole)
        #expect(audit.log.withLock { $0 } == ["admitted p0/m-p0", "settling"])
    }

    @Test func anAdmissionThatIsNotOnRecordLetsNothingOut() async {
        let audit = ScriptedAudit { !$0.hasPrefix("admitted") }
        let house = Self.recorded(audit, before: true)
        let reply = await house.house.serve(
            house.house.call(Speech.openai.request("talk", stream: true), door: Speech.openai.dialect))
        #expect(reply.status == 503 && reply.text.contains("ledger_unavailable") && !reply.text.contains("lamp"))
    }

    @Test func anEndThatIsNotOnRecordIsWithheld() async {
        let audit = ScriptedAudit { $0 != "settling" }
        let heard = await Self.recorded(audit, before: true).ask(.openai)
        #expect(!heard.looksWhole && !heard.isWhole)
        #expect(audit.log.withLock { $0 } == ["admitted p0/m-p0", "settling", "withheld"])
    }
}
