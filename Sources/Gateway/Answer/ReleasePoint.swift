import Conversation
import NIOCore
import Wire

/// A condition that an answer has to meet before its parts go to the caller.
/// Belongs to the request's task.
protocol ReleaseCondition: AnyObject {
    /// Takes note that a candidate is about to be asked for this answer.
    func willAsk(_ candidate: String)
    /// Returns when the first byte may go out.
    /// - Throws: ``APIProblem`` where it may not; `CancellationError`.
    func beforeBeginning() async throws
    /// Returns the bytes of a stream that may go out now, in place of those
    /// that have come. Those that are held back come with a later call.
    func release(_ bytes: ByteBuffer) async throws -> ByteBuffer
    /// Returns whether the end may go out. Called once the outcome of the
    /// request is known, and only where an end waits.
    func beforeEnd() async -> ReleaseVerdict
    /// The request is over, and no end waits: its answer was aborted, or the
    /// caller has gone.
    func endedWithoutAnswer() async
}

extension ReleaseCondition {
    func release(_ bytes: ByteBuffer) async throws -> ByteBuffer { bytes }
}

/// The decision of a condition about the end of an answer.
enum ReleaseVerdict {
    case send
    /// The end doesn't go out, for this reason.
    case withhold(APIProblem)
}

/// The release point: the one place that every byte of an answer passes
/// before it goes to the caller.
///
/// The digest reads along. With a condition the head waits for the first
/// piece and the end waits for ``releaseEnd(_:refusal:)``; pieces between
/// them pass as the condition lets them. The ledger's
/// `record: before-answer` is such a condition; a supervisor's window is
/// another.
final class ReleasePoint: CallerReply {
    private enum End {
        case whole(ResponseHead, body: ByteBuffer)
        case last(ByteBuffer)
        case broken(ByteBuffer)
    }

    private let reply: any CallerReply
    let digest: any AnswerDigest
    private var condition: (any ReleaseCondition)?
    /// The head of a stream that waits for its first piece.
    private var head: ResponseHead?
    private var end: End?

    init(_ reply: any CallerReply, digest: any AnswerDigest) {
        self.reply = reply
        self.digest = digest
    }

    /// From now on all parts of the answer wait for the condition.
    func hold(until condition: any ReleaseCondition) { self.condition = condition }

    /// True when parts of the answer wait for a condition.
    var isHolding: Bool { condition != nil }

    var hasBegun: Bool { reply.hasBegun }
    var isCutOff: Bool { reply.isCutOff }

    func admit(_ candidate: String) { condition?.willAsk(candidate) }

    func makeRoom(for more: Int) -> Bool { reply.makeRoom(for: more) }

    func send(_ head: ResponseHead, body: ByteBuffer) {
        digest.saw(body)
        guard isHolding else { return reply.send(head, body: body) }
        end = .whole(head, body: body)
    }

    func begin(_ head: ResponseHead) {
        guard isHolding else { return reply.begin(head) }
        self.head = head
    }

    func write(_ bytes: ByteBuffer) async throws {
        guard let condition else {
            digest.saw(bytes)
            return try await reply.write(bytes)
        }
        try await beginHeld(condition)
        let released = try await condition.release(bytes)
        digest.saw(released)
        if released.readableBytes > 0 { try await reply.write(released) }
    }

    private func beginHeld(_ condition: any ReleaseCondition) async throws {
        guard let head else { return }
        try await condition.beforeBeginning()
        self.head = nil
        reply.begin(head)
    }

    func end(with bytes: ByteBuffer) async throws {
        guard let condition else {
            digest.saw(bytes)
            try await reply.write(bytes)
            return reply.finish()
        }
        try await beginHeld(condition)
        let released = try await condition.release(bytes)
        digest.saw(released)
        end = .last(released)
    }

    func finish() {
        guard isHolding else { return reply.finish() }
        if end == nil { end = .last(ByteBuffer()) }
    }

    func breakOff(with bytes: ByteBuffer) async {
        digest.saw(bytes)
        guard isHolding else { return await reply.breakOff(with: bytes) }
        end = .broken(bytes)
    }

    func abort() {
        (head, end) = (nil, nil)
        reply.abort()
    }

    // MARK: The end

    /// Sends the end of the answer once the condition allows it; does nothing
    /// without a condition. Where it doesn't allow it, the record says that
    /// the end was withheld, and a caller that has heard nothing yet gets a
    /// refusal.
    ///
    /// - Parameter refusal: Makes the refusal that is sent to the caller.
    func releaseEnd(_ record: RequestRecord, refusal: (APIProblem) -> (ResponseHead, ByteBuffer)) async {
        guard let condition else { return }
        guard let end else { return await condition.endedWithoutAnswer() }
        self.end = nil
        switch await condition.beforeEnd() {
        case .send: await send(end)
        case .withhold(let problem):
            record.isWithheld = true
            record.reason = problem.code
            if case .whole = end {
                record.outcome = .failed
                let (head, body) = refusal(problem)
                record.status = head.status
                reply.send(head, body: body)
            } else {
                // Too late for words: a stream without its end is visibly none.
                record.outcome = .truncated
                reply.abort()
            }
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
