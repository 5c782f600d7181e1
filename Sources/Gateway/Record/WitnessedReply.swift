import Conversation
import NIOCore
import Wire

/// A reply that is read along, and on routes with `record: before-answer`
/// held back: its first byte until it is durable whom the request went to,
/// and its end until it is durable what became of it. What stands between
/// them passes as it comes.
final class WitnessedReply: CallerReply {
    private enum End {
        case whole(ResponseHead, body: ByteBuffer)
        case last(ByteBuffer)
        case broken(ByteBuffer)
    }

    private let reply: any CallerReply
    let witness: any AnswerWitness
    private var notary: (any Notary)?
    private var record: RequestRecord?
    private var admission: Durability?
    private var head: ResponseHead?
    private var end: End?

    init(_ reply: any CallerReply, _ witness: any AnswerWitness) {
        self.reply = reply
        self.witness = witness
    }

    /// From now on first byte and end wait for the record.
    func hold(for notary: any Notary, _ record: RequestRecord) {
        self.notary = notary
        self.record = record
    }

    var isHolding: Bool { notary != nil }

    var hasBegun: Bool { reply.hasBegun }
    var isCutOff: Bool { reply.isCutOff }

    func admit(_ candidate: String) {
        guard let notary, let record else { return }
        // One log: once the last one is durable, all are.
        admission = notary.admitted(record, to: candidate, witness)
    }

    func makeRoom(for more: Int) -> Bool { reply.makeRoom(for: more) }

    func send(_ head: ResponseHead, body: ByteBuffer) {
        witness.saw(body)
        guard isHolding else { return reply.send(head, body: body) }
        end = .whole(head, body: body)
    }

    func begin(_ head: ResponseHead) {
        guard isHolding else { return reply.begin(head) }
        self.head = head
    }

    func write(_ bytes: ByteBuffer) async throws {
        if head != nil { try await beginAdmitted() }
        witness.saw(bytes)
        try await reply.write(bytes)
    }

    private func beginAdmitted() async throws {
        if let admission, await !admission.wait() { throw Problem.notOnRecord }
        guard let head else { return }
        self.head = nil
        reply.begin(head)
    }

    func end(with bytes: ByteBuffer) async throws {
        guard isHolding else {
            witness.saw(bytes)
            try await reply.write(bytes)
            return reply.finish()
        }
        if head != nil { try await beginAdmitted() }
        witness.saw(bytes)
        end = .last(bytes)
    }

    func finish() {
        guard isHolding else { return reply.finish() }
        if end == nil { end = .last(ByteBuffer()) }
    }

    func breakOff(with bytes: ByteBuffer) async {
        witness.saw(bytes)
        guard isHolding else { return await reply.breakOff(with: bytes) }
        end = .broken(bytes)
    }

    func abort() {
        (head, end) = (nil, nil)
        reply.abort()
    }

    // MARK: The end

    /// Puts the request's end on record, and sends the end of the answer once
    /// that record is durable. If the record isn't durable in time, the record
    /// is corrected to say that the end was withheld, and the caller gets a
    /// refusal instead.
    ///
    /// - Parameter refusal: Makes the refusal that is sent to the caller.
    func release(_ notary: any Notary, _ record: RequestRecord, refusal: () -> (ResponseHead, ByteBuffer)) async {
        guard let end else { return await notary.settled(record, witness) }
        self.end = nil
        guard await !notary.settling(record, witness).wait() else { return await send(end) }
        notary.withheld(record)
        record.isWithheld = true
        record.reason = Problem.notOnRecord.code
        if case .whole = end {
            record.outcome = .failed
            let (head, body) = refusal()
            record.status = head.status
            reply.send(head, body: body)
        } else {
            // Too late for words: a stream without its end is visibly none.
            record.outcome = .truncated
            reply.abort()
        }
    }

    private func send(_ end: End) async {
        switch end {
        case .whole(let head, let body): reply.send(head, body: body)
        case .last(let bytes):
            if bytes.readableBytes > 0 { try? await reply.write(bytes) }
            reply.finish()
        case .broken(let bytes): await reply.breakOff(with: bytes)
        }
    }
}

extension Problem {
    static let notOnRecord = Problem(
        .unavailable,
        "The route answers only once the request is on record, and the record can't be written at present; try again "
            + "soon. Whoever runs this Holdfast finds the reason in its log.", code: "ledger_unavailable", retryAfter: 5
    )
}
