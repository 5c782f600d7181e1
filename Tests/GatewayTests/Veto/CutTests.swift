import Access
import Conversation
import Gateway
import GatewayTesting
import NIOCore
import Routing
import Supervision
import Testing
import Veto
import Wire

/// A suspension while a stream runs: every door, every place of the stream,
/// with and without somebody to go on.
@Suite struct CutTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var speech: Speech
        var first: Relayers.Kind
        var place: Stage.Place
        var standby: Relayers.Kind?
        var mayContinue: Bool

        var testDescription: String {
            "\(speech) from \(first), \(place), standby \(standby?.rawValue ?? "none"), "
                + (mayContinue ? "may go on" : "may not go on")
        }
    }

    static let cases = Speech.allCases.flatMap { speech in
        [Relayers.Kind.openai, .anthropic].flatMap { first in
            Stage.Place.allCases.flatMap { place in
                [nil, Relayers.Kind.openai, .anthropic].flatMap { standby in
                    [true, false].map {
                        Case(speech: speech, first: first, place: place, standby: standby, mayContinue: $0)
                    }
                }
            }
        }
    }

    @Test("a cut stream goes on, or ends visibly unfinished", arguments: cases)
    func cut(_ trip: Case) async throws {
        let stage = Stage(
            trip.first, trip.place, standbys: trip.standby.map { [($0, Stage.reciting($0, "standby"))] } ?? [])
        let request = stage.begin(trip.speech)
        try await stage.untilWaiting(request, trip.place)
        try await stage.pull(mayContinue: trip.mayContinue)
        stage.gate.change { $0 = true }
        let heard = try await request.end()
        let reply = request.reply

        #expect(!reply.text.contains(Stage.poison) && reply.told.offences.isEmpty)
        #expect(heard.problem == nil)
        let goesOn = trip.standby != nil && (trip.mayContinue || !trip.place.isHeard)
        let record = try #require(stage.house.house.book.last)
        if goesOn {
            #expect(heard.text == Stage.text && heard.looksWhole && heard.errors == 0 && heard.isWhole)
            #expect(record.outcome == .served)
            #expect(record.handOvers.map(\.cause) == (trip.place.isHeard ? ["suspended"] : []))
        } else if trip.place.isHeard {
            #expect(!heard.looksWhole && heard.errors == 1 && heard.finishes.isEmpty)
            #expect(Stage.text.hasPrefix(heard.text) && heard.text.count < Stage.text.count)
            #expect(reply.text.contains("S1"))
            #expect(record.outcome == .truncated && record.reason == "suspended")
        } else {
            #expect(reply.status == 503 && reply["x-holdfast-suspension"] == "S1")
            #expect(reply.text.contains("suspended"))
            #expect(record.outcome == .failed && record.reason == "suspended")
        }
        #expect(record.attempts.first?.failure == "suspended" && record.attempts.first?.cause == nil)
        #expect(record.permit?.suspension == "S1" && record.isEndedBySuspension != goesOn)
        #expect(stage.isHealthUntouched)
        // The provider's connection has ended: its engine stops.
        #expect(stage.house.lanes[0].endings.value.count == 1)
    }

    @Test("an answer by a standby names the suspension", arguments: Speech.allCases)
    func disclosed(_ speech: Speech) async throws {
        let stage = Stage(standbys: [(.openai, Stage.reciting(.openai, "standby"))])
        try await stage.pull()
        let request = stage.begin(speech)
        #expect(try await request.end().text == Stage.text)
        #expect(request.reply["x-holdfast-stands-in-for"] == "p0/m-p0")
        #expect(request.reply["x-holdfast-suspension"] == "S1")
    }

    /// A gate judges a route's standbys by the requests that they have failed,
    /// and not by those that suspensions alone have ended.
    @Test("a refusal is the suspensions' own only where no other candidate has failed", arguments: [true, false])
    func refusedByBoth(_ isCut: Bool) async throws {
        let failing = ReplayLane.Script.failing(.unreachable("a test"))
        let stage = Stage(standbys: [(.openai, failing)])
        let request = stage.begin(.openai)
        try await stage.untilWaiting(request, .midStream)
        if !isCut {
            stage.gate.change { $0 = true }
            try await request.end()
        }
        try await stage.pull()
        stage.gate.change { $0 = true }
        if isCut { try await request.end() } else { try await stage.begin(.openai).end() }
        let failed = try #require(stage.house.house.book.last)
        #expect(failed.attempts.last?.upstream.id == "p1/m-p1" && !failed.isEndedBySuspension)
        try await stage.pull(.model("p1/m-p1"))
        try await stage.begin(.openai).end()
        let refused = try #require(stage.house.house.book.last)
        #expect(refused.attempts.isEmpty && refused.outcome == .failed && refused.isEndedBySuspension)
    }

    // MARK: Drain

    @Test("what drains ends by itself, and nothing new begins", arguments: Speech.allCases)
    func drain(_ speech: Speech) async throws {
        let stage = Stage(standbys: [])
        let request = stage.begin(speech)
        try await stage.untilWaiting(request, .midStream)
        try await stage.pull(mode: .drain)
        let refused = stage.begin(speech)
        try await refused.end()
        #expect(refused.reply.status == 503 && refused.reply["x-holdfast-suspension"] == "S1")
        stage.gate.change { $0 = true }
        let heard = try await request.end()
        #expect(heard.looksWhole && heard.text.hasSuffix(Stage.poison) && heard.errors == 0)
        #expect(stage.house.lanes[0].requests.value.count == 1)
    }

    @Test("what drains for too long is cut", arguments: Speech.allCases)
    func drainedTooLong(_ speech: Speech) async throws {
        let stage = Stage(standbys: [(.openai, Stage.reciting(.openai, "standby"))])
        let request = stage.begin(speech)
        try await stage.untilWaiting(request, .midStream)
        try await stage.pull(mode: .drain, drainLimit: 10)
        stage.clock.advance(by: .seconds(10))
        stage.gate.change { $0 = true }
        let heard = try await request.end()
        #expect(heard.text == Stage.text && !request.reply.text.contains(Stage.poison))
    }

    // MARK: Keys and routes

    @Test(
        "a key or a route that is suspended goes on with nobody",
        arguments: [SuspendedScope.key("tests"), .route("talk")], Stage.Place.allCases)
    func keyOrRoute(_ scope: SuspendedScope, _ place: Stage.Place) async throws {
        let stage = Stage(.openai, place, standbys: [(.openai, Stage.reciting(.openai, "standby"))])
        let principal = stage.house.house.principal().id
        let scope = if case .key = scope { SuspendedScope.key(principal) } else { scope }
        let request = stage.begin(.openai)
        try await stage.untilWaiting(request, place)
        try await stage.pull(scope)
        stage.gate.change { $0 = true }
        let heard = try await request.end()
        #expect(!request.reply.text.contains(Stage.poison) && !heard.looksWhole)
        #expect(place.isHeard ? heard.errors == 1 : request.reply.status == 503)
        #expect(stage.house.lanes[1].requests.value.isEmpty)
        let refused = stage.begin(.openai)
        try await refused.end()
        #expect(refused.reply.status == 503 && refused.reply["x-holdfast-suspension"] == "S1")
        #expect(stage.house.lanes.map(\.requests.value.count) == [1, 0])
    }

    @Test("what runs with a key that is revoked ends at once", arguments: Speech.allCases, Stage.Place.allCases)
    func revoked(_ speech: Speech, _ place: Stage.Place) async throws {
        let stage = Stage(.openai, place, standbys: [(.openai, Stage.reciting(.openai, "standby"))])
        let house = stage.house.house
        let request = stage.begin(speech)
        try await stage.untilWaiting(request, place)
        #expect(house.keys.replace(with: [], now: .now) == 1)
        try await stage.endRevoked()
        stage.gate.change { $0 = true }
        let heard = try await request.end()
        #expect(!request.reply.text.contains(Stage.poison) && !heard.looksWhole)
        let record = try #require(house.book.last)
        if place.isHeard {
            #expect(heard.errors == 1 && heard.finishes.isEmpty && record.outcome == .truncated)
        } else {
            #expect(request.reply.status == 401)
        }
        #expect(request.reply.text.contains("revoked") && record.reason == "invalid_api_key")
        // No suspension is named, since there is none.
        #expect(request.reply["x-holdfast-suspension"] == nil && record.permit?.suspension == nil)
        #expect(stage.house.lanes.map(\.requests.value.count) == [1, 0])
        #expect(stage.house.lanes[0].endings.value.count == 1 && stage.isHealthUntouched)
    }

    @Test func otherKeysRunOnWhenOneIsRevoked() async throws {
        let stage = Stage(standbys: [])
        let house = stage.house.house
        let key = TestGateway.record()
        let request = stage.begin(.openai)
        try await stage.untilWaiting(request, .midStream)
        house.keys.replace(
            with: [key, KeyRecord(name: "other", digest: KeyDigest(of: "hf_other"), created: key.created)], now: .now)
        house.keys.replace(with: [key], now: .now)
        try await stage.endRevoked()
        stage.gate.change { $0 = true }
        #expect(try await request.end().looksWhole)
    }

    // MARK: More than one candidate at a time

    @Test("of two at once the suspended one is not heard", arguments: [0, 1])
    func beside(_ suspended: Int) async throws {
        var policy = RoutePolicy()
        policy.silence = .after(.milliseconds(5))
        let second = Watched(false)
        let stage = Stage(
            .openai, .beforeHead,
            standbys: [
                (.openai, Stage.script(.openai, .prelude, second)), (.openai, Stage.reciting(.openai, "third")),
            ], policy: policy)
        let request = stage.begin(.openai)
        try await stage.house.lanes[1].taken.until("the second is asked beside the first") { $0 > 0 }
        try await stage.pull(.model("p\(suspended)/m-p\(suspended)"))
        if suspended == 1 {
            // The first is still silent; a third is asked beside it.
            second.change { $0 = true }
            let heard = try await request.end()
            #expect(heard.text == Stage.text && heard.starts == ["third"])
        } else {
            second.change { $0 = true }
            let heard = try await request.end()
            // The second goes on: it is not suspended.
            #expect(heard.text == Stage.poison && heard.looksWhole)
        }
        #expect(stage.isHealthUntouched)
    }

    @Test func aStandbyThatGoesOnIsSuspendedToo() async throws {
        let gate = Watched(false)
        let stage = Stage(
            standbys: [
                (.openai, Stage.continuing("second", gate)), (.openai, Stage.reciting(.openai, "third")),
            ])
        let request = stage.begin(.openai)
        try await stage.untilWaiting(request, .midStream)
        try await stage.pull()
        try await stage.house.lanes[1].taken.until("the second goes on") { $0 > 0 }
        try await stage.pull(.model("p1/m-p1"))
        gate.change { $0 = true }
        let heard = try await request.end()
        #expect(heard.text == Stage.text && heard.looksWhole && !request.reply.text.contains(Stage.poison))
    }

    // MARK: Whole answers

    @Test("a whole answer that hasn't begun is asked for elsewhere", arguments: Speech.allCases, [true, false])
    func whole(_ speech: Speech, _ hasStandby: Bool) async throws {
        let stage = Stage(
            .openai, .beforeHead, standbys: hasStandby ? [(.openai, .json(Sample.openaiReply))] : [])
        let request = stage.begin(speech, stream: false)
        try await stage.untilWaiting(request, .beforeHead)
        try await stage.pull()
        try await request.end()
        #expect(request.reply.status == (hasStandby ? 200 : 503))
        #expect(request.reply["x-holdfast-suspension"] == "S1")
        #expect(stage.isHealthUntouched)
    }

    // MARK: Held answers

    @Test("what is held of a suspended candidate doesn't go out", arguments: [1, 10_000], [true, false])
    func held(_ window: Int, _ hasStandby: Bool) async throws {
        let supervisor = AnswerSupervisor()
        let stage = Stage(
            standbys: hasStandby ? [(.openai, Stage.reciting(.openai, "standby"))] : [],
            policy: .supervised(text: window, wait: .seconds(600)), supervisor: supervisor)
        let request = stage.begin(.openai)
        try await stage.house.lanes[0].taken.until("its first half is taken") { $0 > 0 }
        if window == 1 { try await stage.untilWaiting(request, .midStream) }
        try await stage.pull()
        stage.gate.change { $0 = true }
        let heard = try await request.end()
        #expect(!request.reply.text.contains(Stage.poison) && request.reply.told.offences.isEmpty)
        if window == 10_000 {
            // Nothing had gone out: the standby begins anew, or it is refused.
            #expect(hasStandby ? heard.text == Stage.text && heard.starts == ["standby"] : request.reply.status == 503)
            #expect(!hasStandby || heard.looksWhole)
        } else {
            #expect(heard.looksWhole == hasStandby && (heard.text == Stage.text) == hasStandby)
            #expect(heard.errors == (hasStandby ? 0 : 1))
        }
        #expect(stage.isHealthUntouched)
    }

    @Test("a whole answer that waits for its verdict is asked for elsewhere", arguments: [true, false])
    func heldWhole(_ hasStandby: Bool) async throws {
        let isJudging = Watched(false)
        let verdict = Watched(false)
        let supervisor = AnswerSupervisor { _ in
            isJudging.change { $0 = true }
            try? await verdict.until("the verdict") { $0 }
            return Verdict(.allow)
        }
        let second = Sample.openaiReply.replacing("Hi!", with: "second")
        let stage = Stage(
            standbys: [(.openai, .json(Sample.openaiReply))] + (hasStandby ? [(.openai, .json(second))] : []),
            policy: .supervised(), supervisor: supervisor)
        // Only those behind the first serve whole answers.
        try await stage.pull()
        let request = stage.begin(.openai, stream: false)
        try await isJudging.until("it is judged") { $0 }
        try await stage.pull(.model("p1/m-p1"))
        verdict.change { $0 = true }
        try await request.end()
        #expect(request.reply.status == (hasStandby ? 200 : 503) && !request.reply.text.contains("Hi!"))
        #expect(request.reply.text.contains("second") == hasStandby)
        let record = try #require(stage.house.house.book.last)
        #expect(record.attempts.map(\.failure) == (hasStandby ? ["suspended", nil] : ["suspended"]))
        #expect(record.outcome == (hasStandby ? .served : .failed))
    }

    /// A ledger whose last word a test gives.
    private final class SlowAudit: AuditRecorder {
        final class Digest: AnswerDigest { func saw(_ body: ByteBuffer) {} }

        let isWaiting = Watched(false)
        let end = Durability()

        var refusal: APIProblem? { nil }
        func digest(of call: Call) -> (any AnswerDigest)? { Digest() }
        func admitted(_ record: RequestRecord, to candidate: String, _ digest: any AnswerDigest) -> Durability {
            let durability = Durability()
            durability.tell(true)
            return durability
        }
        func finished(_ record: RequestRecord, _ digest: any AnswerDigest) async {}
        func finishing(_ record: RequestRecord, _ digest: any AnswerDigest) -> Durability {
            isWaiting.change { $0 = true }
            return end
        }
        func withheld(_ record: RequestRecord) {}
    }

    @Test("an end that waits for its record is not sent after a suspension", arguments: [true, false])
    func recordedBefore(_ stream: Bool) async throws {
        let audit = SlowAudit()
        var policy = RoutePolicy()
        policy.recordsBeforeAnswer = true
        let script: ReplayLane.Script =
            stream ? Stage.reciting(.openai, "second") : .json(Sample.openaiReply)
        let stage = Stage(standbys: [(.openai, script)], policy: policy, audit: audit)
        // Only the second serves, so that its answer is whole at once.
        try await stage.pull()
        let request = stage.begin(.openai, stream: stream)
        try await audit.isWaiting.until("the end waits") { $0 }
        try await stage.pull(.model("p1/m-p1"))
        audit.end.tell(true)
        let heard = try await request.end()
        #expect(!heard.looksWhole && request.reply.told.offences.isEmpty)
        if stream {
            #expect(heard.errors == 1)
        } else {
            #expect(request.reply.status == 503 && request.reply["x-holdfast-suspension"] == "S2")
        }
        #expect(try #require(stage.house.house.book.last).reason == "suspended")
    }

    // MARK: A caller that leaves at the same time

    @Test func aCallerThatHasGoneIsNotServedByAStandby() async throws {
        let stage = Stage(standbys: [(.openai, Stage.reciting(.openai, "standby"))])
        let request = stage.begin(.openai)
        try await stage.untilWaiting(request, .midStream)
        request.task.cancel()
        try await request.end()
        try await stage.pull()
        #expect(stage.house.lanes[1].requests.value.isEmpty)
    }
}
