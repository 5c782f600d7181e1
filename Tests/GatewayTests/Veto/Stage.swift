import Conversation
import Gateway
import GatewayTesting
import NIOCore
import Resilience
import Routing
import Veto
import Wire

/// A gateway whose first candidate, `p0/m-p0`, says the first half of a text
/// and then waits; whatever it says after a cut is another text.
struct Stage {
    static let text = "The lamp of the captain burns."
    /// The words of the suspended candidate that nobody may hear.
    static let poison = "POISON"

    /// The place of the first candidate's stream when it is suspended.
    enum Place: String, CaseIterable, Sendable {
        case beforeHead, prelude, midStream

        var isHeard: Bool { self == .midStream }
    }

    let house: Relayers
    let suspensions: ScriptedSuspensions
    let book: PermitBook
    /// Opens what the first candidate says after the suspension.
    let gate: Watched<Bool>
    let clock = ManualPermitClock()

    /// - Parameters:
    ///   - standbys: The scripts of the candidates behind the first.
    ///   - length: Of permits; by the manual clock, which stands still.
    init(
        _ kind: Relayers.Kind = .openai, _ place: Place = .midStream, standbys: [(Relayers.Kind, ReplayLane.Script)],
        policy: RoutePolicy = RoutePolicy(), aliases: [RouteAlias] = [], audit: (any AuditRecorder)? = nil,
        supervisor: (any Supervisor)? = nil, length: Duration = .milliseconds(200)
    ) {
        let gate = Watched(false)
        let suspensions = ScriptedSuspensions()
        self.gate = gate
        self.suspensions = suspensions
        book = PermitBook(source: suspensions, clock: clock.clock, length: length)
        house = Relayers(
            [(kind, Self.script(kind, place, gate))] + standbys, policy: policy, aliases: aliases, audit: audit,
            stages: OptionalStages(supervisor: supervisor, permits: book))
    }

    /// Says `text`, from wherever it is asked to go on.
    static func reciting(_ kind: Relayers.Kind, _ id: String) -> ReplayLane.Script {
        let reciter = Reciter(kind: kind, text: text, id: id)
        return .reading { .events([reciter.bytes($0)]) }
    }

    /// Says the beginning, and the poison once the gate is open.
    static func script(_ kind: Relayers.Kind, _ place: Place, _ gate: Watched<Bool>) -> ReplayLane.Script {
        let whole = Reciter(kind: kind, text: text, id: "first").stream(text)
        let poisoned = Reciter(kind: kind, text: poison, id: "first").stream(poison)
        let begin = place == .midStream ? half(of: whole) : firstEvent(of: whole)
        let rest = poisoned.getSlice(
            at: firstEvent(of: poisoned).readableBytes,
            length: poisoned.readableBytes - firstEvent(of: poisoned).readableBytes)!
        return place == .beforeHead ? .silent : .gated(gate, after: .events([begin]), then: [rest])
    }

    /// Goes on from wherever it is asked to, stops in the middle of the rest,
    /// and says the poison once the gate is open.
    static func continuing(_ id: String, _ gate: Watched<Bool>) -> ReplayLane.Script {
        let reciter = Reciter(kind: .openai, text: text, id: id)
        return .reading { request in
            let rest = ByteBuffer(string: "data: \(poison)\n\n")
            return .gated(gate, after: .events([half(of: reciter.bytes(request))]), then: [rest])
        }
    }

    /// The events up to the middle.
    private static func half(of bytes: ByteBuffer) -> ByteBuffer {
        let ends = eventEnds(bytes)
        return bytes.getSlice(at: 0, length: ends[ends.count / 2])!
    }

    private static func firstEvent(of bytes: ByteBuffer) -> ByteBuffer {
        bytes.getSlice(at: 0, length: eventEnds(bytes)[0])!
    }

    private static func eventEnds(_ bytes: ByteBuffer) -> [Int] {
        let view = Array(bytes.readableBytesView)
        return view.indices.dropLast().filter { view[$0] == 0x0A && view[$0 + 1] == 0x0A }.map { $0 + 2 }
    }

    // MARK: One request

    /// Begins a request; it runs until ``Request/end()``.
    func begin(
        _ speech: Speech, model: String = "talk", stream: Bool = true, key: String = TestGateway.key
    ) -> Request {
        let reply = CollectedReply()
        let call = house.house.call(speech.request(model, stream: stream), door: speech.dialect, key: key)
        let gateway = house.house
        // The task that a connection would cancel.
        let task = Task(executorPreference: gateway.executor) { await gateway.gateway.serve(call, reply: reply) }
        return Request(reply: reply, speech: speech, task: task)
    }

    struct Request {
        let reply: CollectedReply
        let speech: Speech
        let task: Task<Void, Never>

        /// Returns the answer once the request is over.
        @discardableResult
        func end() async throws -> Heard {
            let task = task
            try await inTime("the request's end") { await task.value }
            return Heard(reply, speech)
        }
    }

    /// Waits until the first candidate is where it waits.
    func untilWaiting(_ request: Request, _ place: Place) async throws {
        try await house.lanes[0].requests.until("the first candidate is asked") { !$0.isEmpty }
        switch place {
        case .beforeHead: break
        case .prelude: try await house.lanes[0].taken.until("its prelude is taken") { $0 > 0 }
        case .midStream: try await eventually("its first half is told") { request.reply.told.body.readableBytes > 0 }
        }
        // Behind the turn in which that happened.
        try await house.house.executor.eventLoop.submit {}.get()
    }

    /// Orders a suspension and tells the book at once.
    @discardableResult
    func pull(
        _ scope: SuspendedScope = .model("p0/m-p0"), mode: Suspension.Mode = .cut, drainLimit: Int = 30,
        mayContinue: Bool = true
    ) async throws -> Int {
        let number = suspensions.order(scope, mode: mode, drainLimit: drainLimit, mayContinue: mayContinue)
        book.apply(suspensions.index)
        // The look of the event loop.
        try await house.house.executor.eventLoop.submit {}.get()
        return number
    }

    /// Ends what runs with keys that are revoked; returns once it is ended.
    func endRevoked() async throws {
        house.house.gateway.endRevoked()
        try await house.house.executor.eventLoop.submit {}.get()
    }

    /// True where nothing was learnt of any candidate's health.
    var isHealthUntouched: Bool {
        house.house.gateway.continuity.book.isQuiet && house.house.gateway.continuity.book.holds.isEmpty
    }
}
