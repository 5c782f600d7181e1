import Conversation
import Failures
import NIOCore
import Resilience
import Routing
import Wire

/// Brings a provider's answer back to the caller, in the caller's dialect.
///
/// Same dialect: the bytes go through. Across dialects, and from a hosted
/// engine: the answer is rebuilt from the shared terms.
final class Relay {
    private let loop: AttemptLoop
    let attempt: ActiveAttempt
    /// The filter for a hosted model's answer; nil for models that others host.
    let filter: DisclosureFilter?
    /// Counts what a hosted model has told, and gives back what was set aside
    /// for more; nil where nothing is, or once it is done.
    var settling: (() -> Void)?

    init(_ loop: AttemptLoop, _ attempt: ActiveAttempt) {
        self.loop = loop
        self.attempt = attempt
        filter = attempt.provider.hosted.map {
            DisclosureFilter(
                $0, attempt.prepared.outgoing.chat, call: loop.context.call.id, name: attempt.upstream.candidate.model)
        }
    }

    private var context: RequestContext { loop.context }
    var call: Call { loop.context.call }
    var reply: any CallerReply { loop.context.reply }
    var record: RequestRecord { loop.context.record }
    /// The release point at which a supervised answer waits; nil for all
    /// others.
    var release: ReleasePoint? { loop.context.release }
    var isTelling: Bool { loop.context.isTelling }
    var secrets: SecretMask { loop.context.state.secrets }
    var limits: GatewayLimits { loop.context.gateway.limits }
    var provider: Provider { attempt.provider }
    /// The API in which this provider answers this caller's request.
    var dialect: any ProviderProtocol { attempt.provider.dialect(for: call.door) }
    private var upstream: Upstream { attempt.upstream }
    private var instruments: Instruments { loop.context.state.instruments }
    private var disclosures: DisclosureBook { loop.context.gateway.disclosures }
    private var continuity: Continuity { loop.context.continuity }
    private var reading: HeavyReading { loop.context.gateway.reading }

    /// The changes to an answer whose bytes pass; nil for none.
    var passingItems: PassingItems? {
        guard call.operation.holdsConversation else { return nil }
        return PassingItems(call, loop.context.gateway.itemOrigins, of: provider.name)
    }

    /// Takes note that the answer has something to say, before the caller
    /// hears it.
    /// - Throws: `CancellationError` where another attempt says it.
    func claim() throws { try AttemptExecutor(loop: loop).claim(attempt) }

    // The ways of an answer that is no stream have functions of their own: what
    // they hold would stay in memory for as long as a stream runs.

    func run(_ response: any LaneResponse) async throws {
        let status = noteHead(of: response)
        if !(200..<300).contains(status) { return try await fail(response, status) }
        if response.head.isStream(of: dialect.framing) { return try await runStream(response) }
        if context.request.isStream { return try await runUnnamedStream(response) }
        try await runWhole(response)
    }

    /// Takes note of what an answer's head says.
    /// - Returns: The status of it.
    private func noteHead(of response: any LaneResponse) -> Int {
        let status = response.head.status
        record.attempts[attempt.number].status = status
        // What a hosted model retires is for its operator to say.
        if filter == nil, !provider.usesCallersCredential,
            let announced = Announcement.read(response.head.fields, model: upstream.candidate.model)
        {
            continuity.announcements.note(announced, by: upstream.candidate.provider)
        }
        return status
    }

    /// - Throws: always: the provider's no.
    private func fail(_ response: any LaneResponse, _ status: Int) async throws {
        // However long it is, its status says no. Masked before anybody looks:
        // words of it stand in logs and holds.
        let body = secrets.masking(try await response.collect(first: 1 << 20, makeRoom))
        let head = secrets.masking(response.head)
        throw FailedAttempt(
            Symptom(
                dialect: provider.errorDialect, position: .head, status: status, fields: head.fields, body: body),
            .answer(head, body))
    }

    private func runStream(_ response: any LaneResponse) async throws {
        guard context.request.isStream else { throw LaneFailure.garbage("a stream came that was not asked for") }
        instruments.streamOpened()
        defer { instruments.streamClosed() }
        try await StreamRelay(relay: self, stream: attempt.stream, response: response).run()
    }

    private func runWhole(_ response: any LaneResponse) async throws {
        let received = try await response.collect(upTo: limits.responseBody, makeRoom)
        try Task.checkCancellation()
        let head = response.head
        if reading.isHeavy(received, on: call.executor) {
            let whole = try await reading.run {
                try self.read(received, head, movesOnRefusal: self.context.policy.movesOnRefusal)
            }
            return try tell(whole, head)
        }
        try tellNow(received, head)
    }

    private func tellNow(_ received: ByteBuffer, _ head: ResponseHead) throws {
        try tell(try read(received, head, movesOnRefusal: context.policy.movesOnRefusal), head)
    }

    /// A stream that its server calls something else, as some do: known by
    /// what it begins with, which is how the official clients read it.
    private func runUnnamedStream(_ response: any LaneResponse) async throws {
        let begun = BegunResponse(response)
        guard try await begun.begins(like: dialect.framing) else {
            let body = try await begun.collect(first: 1 << 20, makeRoom)
            if let root = (try? JSONDocument(body, limits: .skim))?.root, Self.saysError(root) {
                throw saidError(body, response.head)
            }
            throw LaneFailure.garbage("a stream was asked for and something else came")
        }
        instruments.streamOpened()
        defer { instruments.streamClosed() }
        try await StreamRelay(relay: self, stream: attempt.stream, response: begun).run()
    }

    private func makeRoom(for more: Int) throws {
        guard reply.makeRoom(for: more) else { throw APIProblem.answersUnread }
    }

    // MARK: A whole answer

    /// A whole answer that has been read.
    private struct WholeAnswer {
        /// In the caller's dialect.
        var body: ByteBuffer
        var usage: Usage?
        var isRefusal = false
        /// There were more tool calls than were asked for.
        var wasCut = false
    }

    func passOnWhole(_ received: ByteBuffer, _ answer: ResponseHead, movesOnRefusal: Bool) throws {
        try tell(try read(received, answer, movesOnRefusal: movesOnRefusal), answer)
    }

    private func read(_ received: ByteBuffer, _ answer: ResponseHead, movesOnRefusal: Bool) throws -> WholeAnswer {
        guard received.readableBytes > 0 else { throw LaneFailure.garbage("its answer is empty") }
        var whole = WholeAnswer(body: received)
        whole.isRefusal = isRefusal(received, answer)
        if whole.isRefusal, movesOnRefusal {
            throw FailedAttempt(symptom(of: received, answer), .whole(answer, received))
        }
        switch attempt.prepared.outgoing.translation {
        case .none:
            guard Self.looksLikeObject(received) else { throw LaneFailure.garbage("its answer is not a JSON object") }
            let root = (try? JSONDocument(received, limits: .answer))?.root
            let shape = root.map(AnswerShape.init)
            if let shape, shape.holdsError, !shape.holdsAnswer { throw saidError(received, answer) }
            if let shape, shape.isNoAnswer, call.operation.isChat {
                throw LaneFailure.garbage("its answer holds none")
            }
            // Nobody looks further into one that has an answer, and no error.
            let isAnswer = shape.map { $0.holdsAnswer && !$0.holdsError } ?? false
            whole.body = isAnswer ? received : secrets.masking(received)
            if let passingItems { whole.body = passingItems.pass(whole.body) }
            whole.usage = root.flatMap { dialect.usage(inReply: $0) }
        case .chat(let request):
            var reply = try read(received, answer) { () throws(UnreadableReply) in
                try dialect.decodeReply(received)
            }
            naming(answer)?.name(&reply)
            var calls = AnsweredCalls(request, from: dialect)
            calls.rename(&reply)
            whole.wasCut = SingleToolCall(request).cut(&reply)
            if let id = call.answerID { reply.id = id }
            filter?.pass(&reply)
            whole.usage = reply.usage
            whole.body = call.door.encodeReply(reply, to: request)
        case .embeddings(let request, let embeddings, let caller):
            var reply = try read(received, answer) { () throws(UnreadableReply) in
                try embeddings.decodeEmbeddingsReply(received)
            }
            filter?.pass(&reply)
            whole.usage = Usage(input: reply.inputTokens, output: 0)
            whole.body = caller.encodeEmbeddingsReply(reply, to: request)
        case .continuation: throw LaneFailure.garbage("a stream was asked for and something else came")
        }
        return whole
    }

    /// The names of an answer that doesn't say them; nil for one that does.
    func naming(_ answer: ResponseHead) -> AnswerNaming? {
        AnswerNaming(dialect, answer, call: call.id, model: upstream.candidate.model)
    }

    private func tell(_ whole: WholeAnswer, _ answer: ResponseHead) throws {
        try attempt.live?.check()
        try tellWhole()
        try claim()
        if whole.wasCut { record.dropped.append("further tool calls") }
        if let usage = whole.usage { record.cost(usage, of: attempt.number) }
        record.begun = attempt.number
        record.timeToFirstByte = call.arrived.elapsed()
        record.responseBytes = whole.body.readableBytes
        record.status = 200
        record.outcome = .served
        if whole.isRefusal { record.noteRefusal(by: attempt.number) }
        settleDisclosure()
        reply.send(head(answer, contentType: "application/json"), body: whole.body)
    }

    /// Before an answer's end goes out, so that whoever has it finds in their
    /// next request what is left; at the latest when the attempt is over.
    func settleDisclosure() {
        let settling = settling
        self.settling = nil
        settling?()
    }

    /// Returns whether the answer is a refusal, sent as an ordinary answer.
    private func isRefusal(_ received: ByteBuffer, _ answer: ResponseHead) -> Bool {
        guard call.operation.isChat, context.policy.movesOnRefusal || received.mayHoldRefusal else { return false }
        return continuity.classifier.judge(symptom(of: received, answer), now: continuity.now.unix).cause == .refused
    }

    private func symptom(of received: ByteBuffer, _ answer: ResponseHead) -> Symptom {
        let answer = secrets.masking(answer)
        return Symptom(
            dialect: provider.errorDialect, position: .body, status: answer.status, fields: answer.fields,
            body: secrets.masking(received))
    }

    /// Some hosts say 200 and then what went wrong.
    private static func saysError(_ root: JSONView) -> Bool {
        let shape = AnswerShape(root)
        return shape.holdsError && !shape.holdsAnswer
    }

    private func saidError(_ received: ByteBuffer, _ answer: ResponseHead) -> FailedAttempt {
        let symptom = symptom(of: received, answer)
        var error = dialect.decodeError(status: answer.status, body: symptom.body)
        count(&error)
        return FailedAttempt(symptom, .event(error))
    }

    /// Tells a login page or half an answer from an answer; the bytes
    /// themselves are the caller's to read.
    private static func looksLikeObject(_ bytes: ByteBuffer) -> Bool {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        let view = bytes.readableBytesView
        return view.first { !isSpace($0) } == UInt8(ascii: "{") && view.last { !isSpace($0) } == UInt8(ascii: "}")
    }

    private func read<T>(
        _ received: ByteBuffer, _ answer: ResponseHead, _ decode: () throws(UnreadableReply) -> T
    ) throws -> T {
        do throws(UnreadableReply) {
            return try decode()
        } catch {
            if let root = (try? JSONDocument(received, limits: .skim))?.root, Self.saysError(root) {
                throw saidError(received, answer)
            }
            throw LaneFailure.garbage(error.reason)
        }
    }

    // MARK: A provider's no, once nobody else can serve

    /// - Throws: ``APIProblem`` for an answer that is no error of the provider's.
    func passOnError(_ received: ByteBuffer, _ answer: ResponseHead) throws(APIProblem) {
        if !(400..<600).contains(answer.status) {
            throw .redirect(answer.status, to: answer.fields["location"], from: upstream.candidate)
        }
        record.outcome = .providerError
        // A proxy's page is no error that a client of the dialect can read.
        if provider.takesBytes(of: call.door), Self.looksLikeObject(received) || received.readableBytes == 0 {
            record.status = answer.status
            record.responseBytes = received.readableBytes
            let type = answer.fields["content-type"] ?? "application/json"
            return reply.send(head(answer, contentType: type), body: received)
        }
        var error = dialect.decodeError(status: answer.status, body: received)
        count(&error)
        record.reason = error.word
        record.status = call.door.status(for: error)
        let body = call.door.encodeProviderError(error, requestID: call.id)
        record.responseBytes = body.readableBytes
        var head = head(answer, contentType: "application/json")
        call.door.addErrorFields(of: error, to: &head.fields)
        reply.send(head, body: body)
    }

    // MARK: What a hosted model may tell in a day

    private func tellWhole() throws(LaneFailure) {
        guard let filter else { return }
        guard !disclosures.spend(filter.takeBytes(), of: filter.model, isWhole: true) else { return }
        throw .usedUp(wait: disclosures.wait(of: filter.model) ?? 1)
    }

    /// Words of an error, which go out whether or not there is room for them:
    /// without any where there is none.
    private func count(_ error: inout ProviderError) {
        guard let filter else { return }
        filter.pass(&error)
        guard !disclosures.spend(filter.takeBytes(), of: filter.model, isWhole: true) else { return }
        error = ProviderError(status: error.status, message: "The engine refused it; its words are withheld.")
    }

    /// Counts what the stream has sent to the caller since the last call, for a
    /// hosted model's daily limit.
    /// - Returns: The reason why nothing more may follow; nil where more may.
    func toldPiece() -> LaneFailure? {
        guard let filter else { return nil }
        _ = disclosures.spend(filter.takeBytes(), of: filter.model, isWhole: false)
        return disclosures.wait(of: filter.model).map { .usedUp(wait: $0) }
    }

    // MARK: Head

    func head(_ answer: ResponseHead, contentType: String) -> ResponseHead {
        var head = ResponseHead(status: record.status)
        head.fields.append("content-type", contentType)
        head.addTrace(call, record, servedBy: upstream.id)
        let said = call.door.modelField.flatMap { answer.fields[$0] }
        head.addModel(
            call, context.request.requestedModel, record, of: upstream.candidate, provider: said.map(secrets.masking))
        if let receipt = provider.receipt {
            record.custody = receipt
            head.fields.append("x-holdfast-custody", receipt)
        }
        // None of an engine's own fields is for a caller.
        for field in filter == nil ? answer.fields.fields : [] {
            if field.name == "retry-after" {
                // Agents read whole seconds and nothing else.
                head.fields.append(field.name, RetryAfterField.wholeSeconds(field.value, now: continuity.now.unix))
            } else if HTTPFieldRules.isReturnedToCaller(field.name) {
                head.fields.append(field.name, secrets.masking(field.value))
            } else if field.name == "request-id" || field.name == "x-request-id" {
                head.fields.append("x-holdfast-provider-request-id", secrets.masking(field.value))
            }
        }
        if let end = context.announcedEnd(of: upstream) { head.add(end) }
        return head
    }
}

extension ResponseHead {
    func isStream(of framing: Framing) -> Bool { fields["content-type"].map(framing.isNamed(by:)) ?? false }
}

extension ByteBuffer {
    /// True when the bytes hold a word that only refusals have. One search
    /// through the bytes, so that all other answers don't have to be read for
    /// it. OpenAI's `"refusal":null` is not such a word.
    fileprivate var mayHoldRefusal: Bool {
        withUnsafeReadableBytes { bytes in
            var start = 0
            // The rarest letter that both words have.
            while let place = bytes.next(UInt8(ascii: "f"), from: start) {
                start = place + 1
                if bytes.holds("content_filter\"", at: place - 8) { return true }
                guard bytes.holds("refusal\"", at: place - 2) else { continue }
                let rest = bytes[(place + 6)...].drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
                guard rest.first == UInt8(ascii: ":") else { return true }
                let value = rest.dropFirst().drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
                if value.first != UInt8(ascii: "n") { return true }
            }
            return false
        }
    }
}
