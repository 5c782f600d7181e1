package import Conversation
package import NIOCore
package import Wire

/// Puts what was decided on the public record (the ledger).
package protocol Notary: Sendable {
    /// Why new requests are turned away: nothing more can be put on record.
    /// Nil while it can; looked at once a request.
    var refusal: Problem? { get }
    /// Who reads along what is asked and answered; nil where requests aren't
    /// put on record.
    func witness(of call: Call) -> (any AnswerWitness)?
    /// A request is over; its answer has been sent. Waits only where the
    /// record is full and the settings want that.
    func settled(_ record: RequestRecord, _ witness: any AnswerWitness) async
}

/// Reads along what one caller is sent. Belongs to the request's task.
package protocol AnswerWitness: AnyObject {
    func saw(_ body: ByteBuffer)
}

/// A reply that is read along.
final class WitnessedReply: CallerReply {
    private let reply: any CallerReply
    private let witness: any AnswerWitness

    init(_ reply: any CallerReply, _ witness: any AnswerWitness) {
        self.reply = reply
        self.witness = witness
    }

    var hasBegun: Bool { reply.hasBegun }
    var isCutOff: Bool { reply.isCutOff }

    func send(_ head: ResponseHead, body: ByteBuffer) {
        witness.saw(body)
        reply.send(head, body: body)
    }

    func begin(_ head: ResponseHead) { reply.begin(head) }

    func write(_ bytes: ByteBuffer) async throws {
        witness.saw(bytes)
        try await reply.write(bytes)
    }

    func finish() { reply.finish() }
    func abort() { reply.abort() }
}
