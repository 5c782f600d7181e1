import Access
import Atomics
import Conversation
import NIOCore
import Veto

/// One exchange with a candidate for a caller, as suspensions find it: from
/// the moment before the candidate is asked until the last byte of the answer
/// has been handed to the kernel.
///
/// The exchange is checked here before it begins, and before each write.
// Touched on the request's event loop only, like its superclass.
final class LiveExchange: ExchangeEnd, @unchecked Sendable {
    /// The request that it belongs to, and the way to its caller.
    struct Caller {
        let record: RequestRecord
        let reply: any CallerReply
        let call: Call
    }

    /// The result of the last comparison with the suspensions in force.
    private struct Comparison {
        var version: UInt64 = 0
        /// The first suspension that covers it and stops it now or later.
        var order: SuspensionOrder?
    }

    /// The way of its bytes.
    private struct Way {
        /// True once the caller may have heard something of it.
        var isHeard = false
        /// True once the attempt is over; its last bytes may be on their way.
        var isLeaving = false
        /// The number of waits for bytes on their way to the kernel.
        var waits: Int32 = 0
        /// The tick of its last byte after it was denied; 0 where none was.
        var lastByte: UInt64 = 0
    }

    private let book: PermitBook
    let permit: CandidatePermit
    /// The number of the suspension whose gate asks; 0 for all others.
    private let gate: Int
    /// Nil for a request of Holdfast's own.
    private let caller: Caller?
    private unowned let executor: EventLoopTaskExecutor
    /// The suspension that has ended it; nil while none has.
    private(set) var order: SuspensionOrder?
    private var comparison = Comparison()
    private var way = Way()
    /// The index among the exchanges of its event loop; nil for one that is in
    /// no list.
    var slot: Int?
    /// True where its candidate was denied while it ran.
    var isCounted = false

    /// The time that a caller has for taking what was written before a cut,
    /// and the last words after it.
    static let patience = TimeAmount.milliseconds(250)

    /// - Parameter caller: Nil for a request of Holdfast's own.
    init(
        _ book: PermitBook, _ permit: CandidatePermit, _ caller: Caller?, _ executor: EventLoopTaskExecutor,
        gate: Int = 0
    ) {
        self.gate = gate
        self.book = book
        self.permit = permit
        self.caller = caller
        self.executor = executor
        super.init()
    }

    /// No exchange is among these without its candidate.
    @available(*, unavailable)
    package override init() { preconditionFailure("made without its candidate") }

    override var live: LiveExchange? { self }
    /// The request, with key, route and id; nil for one of Holdfast's own.
    var record: RequestRecord? { caller?.record }
    var isLeaving: Bool { way.isLeaving }
    /// Takes note that the caller may hear something of it from now on.
    func beHeard() { way.isHeard = true }

    // MARK: The check

    override func mayBegin() -> Bool { !isEnded && (!hasWaited || allowedTick() != nil) }

    /// The check before the candidate is asked.
    /// - Returns: The tick at which it is allowed.
    /// - Throws: ``PermitEnded`` where it may not be.
    @discardableResult
    func begin() throws -> UInt64 {
        endIfRevoked()
        guard let tick = allowedTick() else {
            if let order, order.covers(permit.subject) { book.deny(permit, by: order, at: book.clock.boot()) }
            throw PermitEnded()
        }
        if !permit.isGranted.load(ordering: .acquiring) { book.grant(permit, at: tick) }
        record?.notePermit(of: permit.id, at: tick)
        enter()
        // Before, its event loop may not have been among those that are told.
        endIfRevoked()
        guard order == nil else { throw PermitEnded() }
        return tick
    }

    /// The check before a write.
    /// - Throws: ``PermitEnded`` where nothing more of it may go out.
    func check() throws { if allowedTick() == nil { throw PermitEnded() } }

    /// Returns the present tick where it may go on; nil where a suspension
    /// stops it, which has then ended it.
    private func allowedTick() -> UInt64? {
        guard order == nil else { return nil }
        let tick = book.tick()
        if !book.isQuiet {
            look(book.inForce, at: tick)
            guard order == nil else { return nil }
            // A running request that may finish.
            if isCounted { way.lastByte = tick }
        }
        permit.last.store(tick, ordering: .relaxed)
        return tick
    }

    /// Ends it where a suspension stops it.
    /// - Returns: The tick at which one will that covers it and has yet to; nil
    ///   where none does.
    @discardableResult
    func look(_ inForce: SuspensionsInForce, at tick: UInt64) -> UInt64? {
        guard order == nil else { return nil }
        if comparison.version != inForce.version {
            comparison.version = inForce.version
            let all = inForce.stopping(
                permit.subject, key: record?.keyID, route: record?.route, chance: record?.id.chance ?? 99
            )
            .filter { !$0.lets(gate) }
            comparison.order = all.min { $0.runsUntil < $1.runsUntil }
        }
        guard let next = comparison.order else { return nil }
        guard tick >= next.runsUntil else { return next.runsUntil }
        cut(by: next)
        return nil
    }

    /// Ends it where its caller's key was revoked meanwhile.
    func endIfRevoked() {
        guard order == nil, let call = caller?.call, call.principal.isRevoked else { return }
        cut(by: SuspensionOrder(revoking: call.principal.id))
    }

    // MARK: The cut

    /// Ends it now: the candidate's connection closes, and whatever was not
    /// written doesn't go out any more.
    private func cut(by order: SuspensionOrder) {
        self.order = order
        guard !way.isLeaving else {
            // The answer is out, and the caller hasn't taken all of it.
            caller?.reply.limitTaking(to: Self.patience)
            caller?.reply.resetWhatIsOut()
            return
        }
        awaitBytes()
        if way.isHeard { caller?.reply.limitTaking(to: Self.patience) }
        end()
    }

    /// Has the tick of the last byte noted that was written up to now.
    private func awaitBytes() {
        guard let caller, way.isHeard else { return }
        way.waits += 1
        caller.reply.whenHandedOver { waited in
            if waited, self.order != nil || self.isCounted { self.way.lastByte = self.book.clock.boot() }
            self.way.waits -= 1
            self.leaveIfOver()
        }
    }

    /// The problem that its end is for the caller; nil while it may go on.
    var problem: APIProblem? {
        guard let order else { return nil }
        let isOver = record.map { order.covers(key: $0.keyID, route: $0.route) } ?? false
        return order.problem(
            for: isOver ? .request(key: record?.keyID ?? "", route: record?.route) : .candidate(permit.id),
            now: book.clock.wall())
    }

    // MARK: Its life

    private func enter() {
        guard slot == nil, !isLeaving else { return }
        executor.live.add(self, in: book, on: executor)
    }

    /// The attempt is over. What it has written may still be on its way.
    func leave() {
        guard !way.isLeaving else { return }
        way.isLeaving = true
        if order == nil { awaitBytes() }
        leaveIfOver()
    }

    private func leaveIfOver() {
        guard way.isLeaving, way.waits == 0, slot != nil else { return }
        executor.live.remove(self)
        if isCounted || order != nil {
            book.ended(permit.id, isCounted: isCounted, lastByte: way.lastByte == 0 ? nil : way.lastByte)
        }
    }
}

/// Nothing more of the candidate may go out: a suspension has ended it.
/// ``LiveExchange/order`` says which one.
struct PermitEnded: Error {
    /// For a request of which nothing else is known.
    var problem: APIProblem {
        APIProblem(
            .unavailable, "What would have answered is suspended by this Holdfast. Ask for another model or route.",
            code: APIProblem.suspendedCode)
    }
}
