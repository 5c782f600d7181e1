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
    /// Returns whether the end may go out. Called once the outcome of the
    /// request is known, and only where an end waits.
    func beforeEnd() async -> ReleaseVerdict
    /// The request is over, and no end waits: its answer was aborted, or the
    /// caller has gone.
    func endedWithoutAnswer() async
}

/// The decision of a condition about the end of an answer.
enum ReleaseVerdict {
    case send
    /// The end doesn't go out, for this reason.
    case withhold(APIProblem)
}

/// The supervisor has ended the answer: the caller gets its end, and nothing
/// more is wanted of any provider. No failure of anybody's.
struct AnswerEnded: Error {}

/// The release point: the one place that every byte of an answer passes
/// before it goes to the caller.
///
/// The digest reads along: of what goes out, and of nothing else. With a
/// condition the head waits for the first piece, and the end waits for
/// ``releaseEnd(_:)``: the ledger's `record: before-answer` is one. Under
/// supervision each piece waits, too, for the verdict on its text
/// (``HeldAnswer``); then `Supervision/ReleasePoint+Supervision.swift` has the
/// way of a piece.
final class ReleasePoint: CallerReply {
    enum End {
        case whole(ResponseHead, body: ByteBuffer)
        case last(ByteBuffer)
        case broken(ByteBuffer)
        /// Holdfast's refusal, in place of an answer of which nothing went out.
        case refusal(APIProblem)
    }

    let reply: any CallerReply
    /// Nil where nothing is recorded.
    let digest: (any AnswerDigest)?
    private var condition: (any ReleaseCondition)?
    /// The supervised answer; nil where none is.
    private(set) var held: HeldAnswer?
    /// Makes another one, for an answer that begins anew.
    private var makeHeld: (() -> HeldAnswer)?
    /// The exchange that the answer comes from, as suspensions find it; nil
    /// where it is Holdfast's own, or there can be no suspension.
    var live: LiveExchange?
    /// True once bytes of a suspended candidate were kept from going out.
    private var hasDropped = false
    /// The head of a stream that waits for its first piece.
    var head: ResponseHead?
    var end: End?
    /// The stream is over, and what is held of it has yet to be judged.
    var isUnjudged = false
    /// The supervisor has ended it.
    var isClosed = false
    /// True once no more of it has to be judged.
    var isSettled = false

    init(_ reply: any CallerReply, digest: (any AnswerDigest)?) {
        self.reply = reply
        self.digest = digest
    }

    /// From now on all parts of the answer wait for the condition.
    func hold(until condition: any ReleaseCondition) { self.condition = condition }

    /// From now on all parts of the answer wait for their verdicts. A condition
    /// holds beside it.
    /// - Parameter make: makes it; once more where an answer of which nothing
    ///   went out is taken back.
    func hold(byMaking make: @escaping () -> HeldAnswer) {
        makeHeld = make
        held = make()
    }

    /// True where pieces of the answer wait for their verdicts.
    var holdsPieces: Bool { held.map { !$0.isShadow } ?? false }
    /// Takes note of the stream that writes from now on.
    func follow(_ stream: SentStream?) { held?.stream = stream }

    /// True when parts of the answer wait for a condition.
    var isHolding: Bool { condition != nil }
    private var keepsEnd: Bool { condition != nil || held != nil }

    var hasBegun: Bool { reply.hasBegun }
    var isCutOff: Bool { reply.isCutOff }
    /// True when a stream has begun, even if the caller has heard nothing of it.
    var isTelling: Bool { head != nil || reply.hasBegun }

    func admit(_ candidate: String) { condition?.willAsk(candidate) }

    func makeRoom(for more: Int) -> Bool { reply.makeRoom(for: more) }

    func send(_ head: ResponseHead, body: ByteBuffer) {
        guard !isClosed else { return }
        guard keepsEnd else {
            digest?.saw(body)
            return reply.send(head, body: body)
        }
        self.head = nil
        held?.discard()
        held?.take(head)
        end = .whole(head, body: body)
    }

    func begin(_ head: ResponseHead) {
        guard !isClosed else { return }
        guard keepsEnd else { return reply.begin(head) }
        held?.take(head)
        self.head = head
    }

    func write(_ bytes: ByteBuffer) async throws {
        if let held { return try await pass(bytes, held) }
        try await put(bytes)
    }

    var takesNow: Bool { held == nil && head == nil && reply.takesNow }

    // The exchange is checked by its relay, in the same turn.
    func writeNow(_ bytes: ByteBuffer) {
        digest?.saw(bytes)
        reply.writeNow(bytes)
    }

    /// Sends a piece of a stream, behind its head.
    func put(_ bytes: ByteBuffer) async throws {
        if head != nil { try await beginHeld() }
        do {
            try live?.check()
        } catch {
            hasDropped = hasDropped || bytes.readableBytes > 0
            throw error
        }
        digest?.saw(bytes)
        held?.note(sent: bytes.readableBytes)
        if bytes.readableBytes > 0 { try await reply.write(bytes) }
    }

    func beginHeld() async throws {
        guard let head else { return }
        try await condition?.beforeBeginning()
        try live?.check()
        self.head = nil
        reply.begin(head)
    }

    func end(with bytes: ByteBuffer) async throws {
        if let held { return try await end(with: bytes, held) }
        guard isHolding else {
            try await put(bytes)
            return reply.finish()
        }
        try await beginHeld()
        end = .last(bytes)
    }

    func finish() {
        guard !isClosed else { return }
        guard keepsEnd else { return reply.finish() }
        guard end == nil else { return }
        if held == nil { end = .last(ByteBuffer()) } else { isUnjudged = true }
    }

    func breakOff(with bytes: ByteBuffer) async {
        guard !isClosed else { return }
        guard keepsEnd else {
            digest?.saw(bytes)
            return await reply.breakOff(with: bytes)
        }
        // What is held was never judged, and never will be.
        held?.discard()
        end = .broken(bytes)
    }

    func abort() {
        (head, end) = (nil, nil)
        isUnjudged = false
        held?.discard()
        reply.abort()
    }

    // MARK: A suspension

    func whenHandedOver(_ done: @escaping (_ waited: Bool) -> Void) { reply.whenHandedOver(done) }
    func limitTaking(to limit: TimeAmount) { reply.limitTaking(to: limit) }
    func resetWhatIsOut() { reply.resetWhatIsOut() }

    /// Takes back all of an answer of which the caller has heard nothing.
    /// - Returns: False where something has gone out.
    func takeBack() -> Bool {
        guard !reply.hasBegun else { return false }
        (head, end) = (nil, nil)
        isUnjudged = false
        isSettled = false
        hasDropped = false
        held = makeHeld?()
        return true
    }

    /// Takes back a whole answer whose candidate is suspended.
    /// - Returns: The suspension's id; nil where there is nothing to take back.
    func takeBackWhole() -> String? {
        guard case .whole = end, let suspension = suspended?.suspension, takeBack() else { return nil }
        live = nil
        return suspension
    }

    /// Drops what is held of a suspended candidate.
    /// - Parameter stream: The stream that is to go on behind what has gone out;
    ///   nil where only words of Holdfast's own follow.
    /// - Returns: False where something was dropped and nobody can go on: only
    ///   words of Holdfast's own may follow.
    func dropHeld(of stream: CallerStream?) -> Bool {
        live = nil
        let isDropping = hasDropped || held?.isHolding == true
        hasDropped = false
        if let held, let stream, stream.goBack() {
            held.goBack()
            return true
        }
        if isDropping { endHolding() }
        return !isDropping
    }

    /// The rest is words of Holdfast's own, behind everything that went out:
    /// they wait for no verdict.
    func sayOwnWords() {
        live = nil
        if holdsPieces, held?.isHolding == false { endHolding() }
    }

    /// The request is over. Its last exchange knows the way to the caller, and
    /// this knows the exchange: neither would ever be freed.
    func letGo() {
        live = nil
        makeHeld = nil
        held?.stream = nil
    }

    private func endHolding() {
        guard let held else { return }
        held.noteSize(0)
        held.discard()
        self.held = nil
    }

    /// Returns the problem for which the end may not go out: a suspension of
    /// the candidate that it comes from.
    private var suspended: APIProblem? {
        guard let live, !isClosed else { return nil }
        do {
            try live.check()
            return nil
        } catch {
            return live.problem
        }
    }

    // MARK: The end

    /// Sends the end of the answer once the condition allows it; does nothing
    /// where nothing waits. Where the condition doesn't allow it, the record
    /// says that the end was withheld, and a caller that has heard nothing yet
    /// gets a refusal.
    ///
    /// - Parameters:
    ///   - refusal: Makes the refusal that is sent to the caller.
    ///   - lastWords: Makes the error event of a stream.
    func releaseEnd(
        _ record: RequestRecord, refusal: (APIProblem) -> (ResponseHead, ByteBuffer),
        lastWords: (APIProblem) -> ByteBuffer
    ) async {
        guard keepsEnd else { return }
        guard let end else {
            await condition?.endedWithoutAnswer()
            return
        }
        self.end = nil
        digest?.saw(end.bytes)
        switch await condition?.beforeEnd() ?? .send {
        case .send:
            if let problem = suspended {
                await withhold(end, problem, record, refusal: refusal, lastWords: lastWords)
            } else {
                await send(end)
            }
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
        if let held, held.isShadow { await held.judgeShadow(whole: end.wholeBody) }
    }

    /// Ends an answer whose end was made by a candidate that has been suspended
    /// since.
    private func withhold(
        _ end: End, _ problem: APIProblem, _ record: RequestRecord,
        refusal: (APIProblem) -> (ResponseHead, ByteBuffer), lastWords: (APIProblem) -> ByteBuffer
    ) async {
        record.reason = problem.code
        if let suspension = problem.suspension { record.noteSuspension(suspension) }
        if case .whole = end {
            record.outcome = .failed
            let (head, body) = refusal(problem)
            record.status = head.status
            reply.send(head, body: body)
        } else {
            record.outcome = .truncated
            await send(.last(lastWords(problem)))
        }
    }

    private func send(_ end: End) async {
        switch end {
        case .whole(let head, let body): reply.send(head, body: body)
        case .last(let bytes):
            if bytes.readableBytes > 0 { try? await reply.write(bytes) }
            reply.finish()
        case .broken(let bytes): await reply.breakOff(with: bytes)
        // Made a whole answer before (``settle(_:refusal:)``).
        case .refusal: reply.abort()
        }
    }
}

extension ReleasePoint.End {
    var bytes: ByteBuffer {
        switch self {
        case .whole(_, let bytes), .last(let bytes), .broken(let bytes): bytes
        case .refusal: ByteBuffer()
        }
    }

    var wholeBody: ByteBuffer? {
        if case .whole(_, let body) = self { body } else { nil }
    }
}
