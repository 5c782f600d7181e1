import Conversation
import Gateway
import GatewayTesting
import NIOCore
import Testing
import Veto

@Suite struct LettingGoTests {
    /// The exchange knows the way to the caller, and that way knows the
    /// exchange: each request of a server under permits could stay in memory.
    @Test("nothing of a request stays in memory", arguments: Speech.allCases, [true, false])
    func nothingStays(_ speech: Speech, isRecorded: Bool) async throws {
        let stage = stage(isRecorded)
        weak var reply: CollectedReply?
        do {
            let request = stage.begin(speech, model: "p1/m-p1")
            reply = request.reply
            try await request.end()
            #expect(request.reply.status == 200)
        }
        // The task lets go of it in a turn of its own.
        for _ in 0..<10_000 where reply != nil { await Task.yield() }
        #expect(reply == nil)
    }

    @Test("nothing of a request that a suspension has cut stays in memory", arguments: Speech.allCases, [true, false])
    func nothingOfACutOneStays(_ speech: Speech, isRecorded: Bool) async throws {
        let stage = stage(isRecorded)
        weak var reply: CollectedReply?
        do {
            let request = stage.begin(speech)
            reply = request.reply
            try await stage.untilWaiting(request, .midStream)
            stage.suspensions.order(.model("p0/m-p0"))
            stage.clock.advance(by: .milliseconds(200))
            stage.gate.change { $0 = true }
            #expect(try await request.end().text == Stage.text)
        }
        for _ in 0..<10_000 where reply != nil { await Task.yield() }
        #expect(reply == nil)
    }

    /// - Parameter isRecorded: True for a gateway whose answers pass a release
    ///   point.
    private func stage(_ isRecorded: Bool) -> Stage {
        Stage(
            standbys: [(.openai, Stage.reciting(.openai, "standby"))], audit: isRecorded ? QuickAudit() : nil)
    }

    private final class QuickAudit: AuditRecorder {
        final class Digest: AnswerDigest { func saw(_ body: ByteBuffer) {} }

        var refusal: APIProblem? { nil }
        func digest(of call: Call) -> (any AnswerDigest)? { Digest() }
        func admitted(_ record: RequestRecord, to candidate: String, _ digest: any AnswerDigest) -> Durability {
            told()
        }
        func finished(_ record: RequestRecord, _ digest: any AnswerDigest) async {}
        func finishing(_ record: RequestRecord, _ digest: any AnswerDigest) -> Durability { told() }
        func withheld(_ record: RequestRecord) {}

        private func told() -> Durability {
            let durability = Durability()
            durability.tell(true)
            return durability
        }
    }
}
