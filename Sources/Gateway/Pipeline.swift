import Encodings
import Routing
import Conversation
import NIOCore
import Resilience
import Wire

/// The path of a request through Holdfast, stage by stage. Read this first.
///
/// | stage        | decides                                         | may answer                                |
/// |--------------|-------------------------------------------------|-------------------------------------------|
/// | authenticate | by the head alone, before a body is read        | 401, 403, 404, 405, 413 (`FrontDoor`)     |
/// | admit        | draining, the key's requests a minute, the body | 503, 429, 400 (`Pipeline/Admission`)      |
/// | route        | the candidates, and their order                 | 404, 403, 503 (`Pipeline/RouteStage`)     |
/// | permit       | suspensions of the route, the key, a candidate  | 503 (`Pipeline/PermitStage`)              |
/// | account      | tokens and their price, before and after        | 429 (`Pipeline/Accounting`)               |
/// | review       | the content of the request, by the supervisor   | 400, 429, 503 (`Pipeline/Review`)         |
/// | disclosure   | the secrets of a hosted model, by candidate     | 400, 429 (`Disclosure/RequestDisclosure`) |
/// | attempt      | the candidate that is asked next, and how       | the last failure (`Attempts/AttemptLoop`) |
/// | relay        | the bytes that the caller gets of an answer     | the answer (`Answer/Relay`)               |
/// | record       | log, metrics, ledger                            | 503 in place of an answer that can't be   |
/// |              |                                                 | recorded (`Answer/ReleasePoint`)          |
///
/// A stage refuses by throwing an ``Conversation/APIProblem``, which is sent in the caller's
/// own protocol. Everything that goes to the caller passes the
/// ``ReleasePoint``, where there is one.
extension Gateway {
    /// Serves one call. Always ends the reply, whatever happens, unless the
    /// caller has gone.
    package func serve(_ call: Call, reply: any CallerReply) async {
        let state = self.state
        let record = RequestRecord(call)
        let opening = await open(call, reply)
        do {
            let context = try await admit(call, opening, state, record)
            try await AttemptLoop(context).run()
            while await isToBeAskedAgain(context, opening) { try await AttemptLoop(context).run() }
        } catch {
            await fail(error, call, opening.reply, record)
        }
        await close(call, opening, state, record)
    }

    // Work apart from the attempts is kept out of the function that waits for
    // them: its variables would stay in memory for as long as a stream runs.

    /// Runs the stages before the attempts.
    @inline(never)
    private func admit(
        _ call: Call, _ opening: Opening, _ state: GatewayState, _ record: RequestRecord
    ) async throws -> RequestContext {
        try admit(call, opening)
        let request = try await read(call, opening)
        let choice = try findRoute(of: request, state, record)
        if choice.rehearsal != nil { record.rehearsed = choice }
        var reviewed = ReviewedCall(request: request)
        if choice.served.supervision.level != .off { reviewed = try await review(request, choice, record) }
        return try prepare(reviewed, choice, state, opening, record)
    }

    /// Answers a request that a stage has refused, or that is cut off.
    @inline(never)
    private func fail(_ error: any Error, _ call: Call, _ reply: any CallerReply, _ record: RequestRecord) async {
        if conclude(error, call, reply, record) == .cutOff { await cutOff(call, reply, record) }
    }

    /// Runs the stages behind the attempts.
    @inline(never)
    private func close(_ call: Call, _ opening: Opening, _ state: GatewayState, _ record: RequestRecord) async {
        await opening.release?.settle(record) { refusal(call, $0, record) }
        account(for: record, of: call, in: state)
        noteConversation(record)
        // Only now is it known whether the end of the answer may go out.
        await opening.release?.releaseEnd(record) {
            refusal(call, $0, record)
        } lastWords: {
            call.door.encodeStreamProblem($0, requestID: call.id)
        }
        if let rehearsed = record.rehearsed { rehearsed.rehearsal?.note(record, on: rehearsed) }
        state.instruments.record(record)
        records.log.record(record)
        await recordAnswer(opening, record)
        opening.release?.letGo()
    }

    /// Returns whether a whole answer came from a candidate that was suspended
    /// while the answer waited for its verdict: it is taken back.
    @inline(never)
    private func isToBeAskedAgain(_ context: RequestContext, _ opening: Opening) async -> Bool {
        guard stages.permits != nil, let release = context.release else { return false }
        await release.settle(context.record) { refusal(context.call, $0, context.record) }
        guard let suspended = release.takeBackWhole() else { return false }
        let record = context.record
        record.noteSuspension(suspended, isOfLead: context.served.lead.map { $0.id == record.servedBy } ?? false)
        if let last = record.attempts.indices.last { record.attempts[last].failure = AttemptRecord.suspended }
        (record.begun, record.status, record.outcome) = (nil, 0, .failed)
        return true
    }

    /// Runs the stages between the request's body and its review.
    private func findRoute(
        of request: AdmittedCall, _ state: GatewayState, _ record: RequestRecord
    ) throws(APIProblem) -> RouteChoice {
        record.requested = request.requestedModel.cut(toUTF8Bytes: 200)
        record.isStream = request.isStream
        let choice = try route(request, in: state, record)
        if let permits = stages.permits { try checkPermit(choice, request, permits, record) }
        try setAsideTokens(for: request, choice, record)
        if let rehearsal = choice.rehearsal { record.drill = RequestRecord.Drill(rehearsal) }
        return choice
    }

    /// Makes a reviewed request ready for its first attempt.
    private func prepare(
        _ reviewed: ReviewedCall, _ choice: RouteChoice, _ state: GatewayState, _ opening: Opening,
        _ record: RequestRecord
    ) throws(APIProblem) -> RequestContext {
        if choice.served.route.policy.recordsBeforeAnswer { try holdUntilRecorded(opening, record) }
        let context = RequestContext(self, state, reviewed.request, choice, opening.reply, record)
        context.release = try superviseAnswer(reviewed, choice, opening, record)
        return context
    }
}
