import Conversation
import NIOCore
import Routing
import Supervision
import Wire

/// An answer under supervision: its bytes, in the caller's own dialect, wait
/// for the verdicts on their text.
///
/// It stands at the release point, behind everything that makes an answer, so
/// that nothing leads past it: bytes that pass through, events that are written
/// anew, the words of a standby or of a hedge. What goes out is what came, by
/// whole frames. At level `shadow` it only reads along.
///
/// Belongs to the request's task.
final class HeldAnswer {
    /// The way in which the supervisor ends an answer.
    enum Ending {
        /// With the refusal of the caller's dialect: the policy wants it.
        case refusal(ByteBuffer)
        /// With an error: nothing was judged.
        case problem(APIProblem)
    }

    /// The next thing to do.
    enum Step {
        case send(ByteBuffer)
        case judge([AnswerPiece], isEnd: Bool)
        case close(Ending)
        /// Until more comes, or until ``due``.
        case wait
    }

    /// The supervisor, as far as an answer needs it.
    struct Source {
        let makeJudge: () -> any AnswerJudge
        let memory: () -> (any VerdictMemory)?
    }

    private let source: Source
    /// Nil before the first verdict, and for an answer of which a part was
    /// dropped: the judge of what follows is another one.
    private var judge: (any AnswerJudge)?
    let call: Call
    private let policy: SupervisionPolicy
    let record: RequestRecord
    private var window: AnswerWindow
    /// Nil where no stream has begun: a whole answer has none.
    private var frames: AnswerFrames?
    private var ending: Ending?
    /// The bytes that go out before all else: at level `shadow` everything.
    private var ready = ByteBuffer()
    private var shadow = ShadowReading()
    private var judging = (took: Duration.zero, unseen: Set<UnseenPart>())
    /// The time until which nothing has to be done; nil is for ever.
    private(set) var due: NIODeadline?
    /// The bytes that have gone out.
    private var sent: Int?
    /// The words of the head that wait for the next verdict.
    private var headWords: String?
    /// The pieces that had gone out when a part was dropped: the judge of what
    /// follows reads them first.
    private var before: [AnswerPiece] = []
    /// The stream that writes, as far as it could go on behind what has gone out;
    /// nil for one that can't.
    var stream: SentStream? {
        didSet { frames?.keepsTold = stream != nil }
    }
    /// The bytes of the stream that are on their way out.
    private var leaving = 0

    init(_ source: Source, _ call: Call, _ policy: SupervisionPolicy, _ record: RequestRecord) {
        self.source = source
        self.call = call
        self.policy = policy
        self.record = record
        var rules = AnswerWindow.Rules()
        rules.text = policy.windowText
        rules.wait = policy.windowWait
        window = AnswerWindow(rules)
        // By the policy with which the stream began; a whole answer is judged by
        // that with which it has come, if it isn't known already.
        if record.isStream { judge = source.makeJudge() }
    }

    private func beginFrames() {
        guard frames == nil else { return }
        frames = AnswerFrames(call.door, to: call.body, limit: AnswerWindow.Rules().most)
        frames?.keepsTold = stream != nil
    }

    var isShadow: Bool { policy.level == .shadow }

    private var now: Duration { call.arrived.elapsed() }

    // MARK: The head

    /// Takes note of a head: the values that a provider has given it are text,
    /// too, and are judged with the first piece of the answer.
    func take(_ head: ResponseHead) {
        headWords = nil
        for field in head.fields.fields {
            // Only an error's type is the provider's own.
            guard Self.isProviders(field.name) || head.status >= 400 && field.name == "content-type" else { continue }
            headWords = headWords.map { $0 + "\n" + field.value } ?? field.value
        }
    }

    /// Returns the head of a refusal in an answer's place: without values of
    /// the provider's.
    static func refusing(_ head: ResponseHead, contentType: String) -> ResponseHead {
        var head = head
        head.fields.fields.removeAll { isProviders($0.name) || $0.name == "content-type" }
        head.fields.append("content-type", contentType)
        return head
    }

    private static func isProviders(_ name: String) -> Bool {
        HTTPFieldRules.isReturnedToCaller(name) || name == "x-holdfast-provider-request-id"
    }

    private func withHead(_ pieces: [AnswerPiece]) -> [AnswerPiece] {
        let pieces = before + pieces
        before = []
        guard let headWords else { return pieces }
        self.headWords = nil
        let block = AnswerFrames.aside + 1
        return [.text(block: block, .answer, headWords), .blockEnded(block)] + pieces
    }

    // MARK: A stream

    /// Takes the next bytes of a stream.
    func take(_ bytes: ByteBuffer) {
        guard ending == nil else { return }
        let begin = stream?.taken ?? 0
        stream?.noteTaken(bytes.readableBytes)
        if isShadow { ready.hold(bytes) }
        guard !isShadow || shadow.failure == nil else { return }
        beginFrames()
        do throws(UnreadableReply) {
            for frame in try frames?.take(bytes, at: begin) ?? [] { take(frame) }
            if isShadow { frames?.forget() }
        } catch {
            fail("malformed")
        }
    }

    private func take(_ frame: AnswerFrames.Taken) {
        for piece in frame.pieces { note(piece) }
        if isShadow {
            if !shadow.take(frame.pieces, frame.size) { fail("overloaded") }
        } else {
            let isSplit = stream?.isInside(frame.end) ?? false
            window.take(frame.pieces, bytes: frame.size, finishes: frame.finishes, isSplit: isSplit, at: now)
        }
    }

    private func note(_ piece: AnswerPiece) {
        switch piece {
        case .unseen(let part): judging.unseen.insert(part)
        case .refused(let category):
            let word = category ?? record.supervision?.providerRefusal ?? "refusal"
            record.supervision?.providerRefusal = word
        case .text, .blockEnded, .ended: break
        }
    }

    /// The stream has ended.
    func finish() {
        guard !isShadow, ending == nil else { return }
        // Half a frame is nothing that a client can read, and a place to hide.
        if frames?.isBetweenFrames == false { fail("malformed") }
        window.finish()
    }

    /// Nothing will come for a while: what is held is judged now.
    func hurry() { window.hurry() }

    func next() -> Step {
        if ready.readableBytes > 0 {
            defer { ready = ByteBuffer() }
            return .send(ready)
        }
        due = nil
        if let ending { return .close(ending) }
        guard !isShadow else { return .wait }
        if policy.unseen == .refuse, !judging.unseen.isEmpty {
            refuse(Verdict(.block), because: " because it has parts that the supervisor can't read")
            return next()
        }
        switch window.next(at: now) {
        case .release(let count):
            let bytes = frames?.release(count) ?? ByteBuffer()
            leaving = bytes.readableBytes
            return .send(bytes)
        case .keepAlive: return .send(frames?.keepAlive ?? ByteBuffer())
        case .judge(let pieces, let isEnd): return .judge(pieces, isEnd: isEnd)
        case .overflow:
            fail("overloaded")
            return next()
        case .wait(let until): due = until.map { call.arrived + TimeAmount($0) }
        case .done: break
        }
        return .wait
    }

    // MARK: Verdicts

    /// Has the pieces judged, and does what the verdict says.
    func judge(_ pieces: [AnswerPiece], isEnd: Bool) async {
        let verdict = await verdict(on: pieces, isEnd: isEnd)
        switch verdict.ruling {
        case .allow, .flag: window.cleared()
        case .withhold, .block: refuse(verdict)
        case .error: end(with: Self.problem(of: verdict))
        }
    }

    private func verdict(on pieces: [AnswerPiece], isEnd: Bool) async -> Verdict {
        let began = NIODeadline.now()
        let judge = judge ?? source.makeJudge()
        self.judge = judge
        let verdict = await judge.judge(withHead(pieces), isEnd: isEnd)
        judging.took += began.elapsed()
        note(verdict)
        return verdict
    }

    private func note(_ verdict: Verdict) {
        var verdict = verdict
        verdict.coverage.unseen.formUnion(judging.unseen)
        record.supervision?.answer = .init(verdict, took: judging.took)
    }

    private func refuse(_ verdict: Verdict, because reason: String = "") {
        note(verdict)
        // Frames without text would have gone out before it.
        beginFrames()
        ready = frames?.release(window.refuse()) ?? ByteBuffer()
        ending = .refusal(frames?.refuse(refusal(of: verdict, because: reason)) ?? ByteBuffer())
        frames?.discard()
    }

    private func refusal(of verdict: Verdict, because reason: String = "") -> AnswerRefusal {
        AnswerRefusal(
            "The answer was blocked by policy\(reason)\(verdict.grounds(namesClause: policy.namesClause)).")
    }

    /// No verdict can be had.
    private func fail(_ word: String) {
        let verdict = Verdict(.error, error: word)
        note(verdict)
        guard !isShadow else { return shadow.failure = word }
        end(with: Self.problem(of: verdict))
    }

    private func end(with problem: APIProblem) {
        discard()
        ending = .problem(problem)
    }

    private static func problem(of verdict: Verdict) -> APIProblem {
        verdict.error == "limited" ? .overSupervisionShare : .unsupervisedAnswer
    }

    /// True where something waits for a verdict, or to go out.
    var isHolding: Bool { !isShadow && (ready.readableBytes > 0 || frames?.isEmpty == false) }

    /// Nothing that is held goes out any more.
    func discard() {
        window.discard()
        frames?.discard()
        ready = ByteBuffer()
        due = nil
    }

    /// Forgets what is held, and is ready for what follows what has gone out.
    func goBack() {
        window.goBack()
        frames?.goBack()
        judge = nil
        before = frames?.told ?? []
        judging.unseen = []
        for piece in before { note(piece) }
        (ready, leaving, due) = (ByteBuffer(), 0, nil)
    }

    // MARK: A whole answer

    /// The decision about a whole answer.
    enum WholeVerdict {
        case pass
        /// Another body takes its place.
        case replace(ResponseHead, ByteBuffer)
        case problem(APIProblem)
    }

    /// Judges a whole answer, or an error that tells a provider's words.
    func judge(whole body: ByteBuffer, _ head: ResponseHead) async -> WholeVerdict {
        let remembered = RememberedText(
            WholeText(
                .answer, form: call.door.name.rawValue + " " + String(head.status), aside: headWords ?? "", body: body),
            in: source.memory())
        if let known = remembered?.verdict {
            note(known)
            return .pass
        }
        let document: JSONDocument?
        do {
            document = try await read(body)
        } catch {
            fail("malformed")
            return .problem(.unsupervisedAnswer)
        }
        let pieces = shadow.pieces
        for piece in pieces { note(piece) }
        var verdict = await verdict(on: pieces, isEnd: true)
        var reason = ""
        if policy.unseen == .refuse, !judging.unseen.isEmpty, verdict.ruling < .block {
            verdict = Verdict(.block)
            reason = " because it has parts that the supervisor can't read"
            note(verdict)
        }
        // A refusal of the provider's own is noted from its pieces.
        if record.supervision?.providerRefusal == nil { remembered?.remember(verdict) }
        switch verdict.ruling {
        case .allow, .flag: return .pass
        case .withhold, .block: return blocked(refusal(of: verdict, because: reason), head, document)
        case .error: return .problem(Self.problem(of: verdict))
        }
    }

    private func blocked(
        _ refusal: AnswerRefusal, _ head: ResponseHead, _ document: JSONDocument?
    ) -> WholeVerdict {
        let head = Self.refusing(head, contentType: "application/json")
        guard head.status < 400 else {
            // Still that error, in other words.
            let error = ProviderError(status: head.status, message: refusal.message)
            return .replace(head, call.door.encodeProviderError(error, requestID: call.id))
        }
        return .replace(head, call.door.encodeBlockedReply(refusal, inPlaceOf: document))
    }

    /// Reads a whole answer's pieces into ``shadow``; large ones off the event
    /// loop.
    private func read(_ body: ByteBuffer) async throws -> JSONDocument? {
        guard body.readableBytes > 0 else { return nil }
        let (door, request) = (call.door, call.body)
        let read = { @Sendable () throws -> (JSONDocument, [AnswerPiece]) in
            let document = try JSONDocument(body)
            return (document, try door.pieces(ofAnswer: document, to: request))
        }
        let (document, pieces) =
            body.readableBytes > Self.mostReadOnLoop
            ? try await Task(executorPreference: globalConcurrentExecutor) { try read() }.value : try read()
        shadow.pieces = pieces
        return document
    }

    /// In bytes: larger ones would keep an event loop for more than 5 ms.
    private static var mostReadOnLoop: Int { 128 << 10 }

    // MARK: The record

    /// Takes note of bytes that go out.
    func note(sent bytes: Int) {
        if sent == nil, record.isStream { record.timeToFirstByte = call.arrived.elapsed() }
        sent = (sent ?? 0) + bytes
        stream?.noteSent(leaving)
        leaving = 0
    }

    /// Records the size of the answer as it goes out, with its end.
    func noteSize(_ end: Int) { record.responseBytes = (sent ?? 0) + end }

    /// Judges, at level `shadow`, what the caller has got. Delays no byte of it.
    func judgeShadow(whole body: ByteBuffer?) async {
        guard isShadow, shadow.failure == nil else { return }
        if let body, (try? await read(body)) == nil { return fail("malformed") }
        if body != nil { for piece in shadow.pieces { note(piece) } }
        _ = await verdict(on: shadow.pieces, isEnd: true)
    }
}

/// The pieces of an answer that are judged once it is over.
private struct ShadowReading {
    var pieces: [AnswerPiece] = []
    /// The reason why the rest wasn't read; nil while it is.
    var failure: String?
    private var size = 0
    private static let most = 4 << 20

    /// - Returns: False where there is more than is kept.
    mutating func take(_ more: [AnswerPiece], _ bytes: Int) -> Bool {
        size += bytes
        guard size <= Self.most else { return false }
        pieces += more
        return true
    }
}

extension APIProblem {
    /// An answer that nobody has judged, and which therefore doesn't go out.
    static let unsupervisedAnswer = APIProblem(
        .unavailable,
        "The answer must be judged by a supervisor before it goes out, and that gave no verdict "
            + "(supervision_unavailable); try again in a moment.", code: supervisionUnavailable, retryAfter: 1)
}
