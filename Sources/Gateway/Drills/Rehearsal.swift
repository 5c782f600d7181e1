package import Drills
import Encodings
import Failures
import Resilience
import Routing
import Synchronization

/// A drill that is under way on a route.
///
/// It has a memory of its own: what is learnt of the pulled candidate stays
/// in the drill, counts for requests of this route only, and is gone with it.
/// Nothing of it can become a real hold.
package final class Rehearsal: Sendable {
    package let order: DrillOrder
    /// Of what is learnt while it is pulled, and of the time before and after:
    /// to give it back is to forget.
    private let pulledBook = HealthBook()
    private let calmBook = HealthBook()
    private let goals: DrillTally.Objectives
    private let started: Int
    private let faultsMet = Atomic<UInt>(0)
    private let clock: @Sendable () -> Moment
    private let state: Mutex<(timeline: DrillTimeline, tally: DrillTally)>

    init(_ order: DrillOrder, goals: DrillTally.Objectives, clock: @escaping @Sendable () -> Moment) {
        self.order = order
        self.goals = goals
        self.clock = clock
        let now = clock()
        started = now.unix
        state = Mutex((DrillTimeline(order, now: now.tick), DrillTally()))
    }

    package var phase: DrillPhase {
        let now = clock().tick
        return state.withLock { $0.timeline.phase(now: now) }
    }

    var isPulling: Bool { phase == .pulled }

    /// The health memory that requests use for the candidate at present.
    var book: HealthBook { isPulling ? pulledBook : calmBook }

    /// Returns whether the drill keeps the memory of what happens at that
    /// candidate.
    func covers(_ upstream: Upstream) -> Bool {
        order.faults.isEmpty && upstream.candidate.provider == order.provider
            && upstream.candidate.model == order.model
    }

    /// The fault that the next request's supervisor meets; nil while there is
    /// none.
    func nextFault() -> SupervisorFault? {
        guard !order.faults.isEmpty, isPulling else { return nil }
        let number = faultsMet.wrappingAdd(1, ordering: .relaxed).oldValue
        return order.faults[Int(number % UInt(order.faults.count))]
    }

    // MARK: What it is told

    package func renew() {
        let now = clock().tick
        state.withLock { $0.timeline.renew(now: now) }
    }

    package func stop() {
        let now = clock().tick
        state.withLock { $0.timeline.stop(now: now) }
    }

    /// To be called often.
    package func tick() {
        let now = clock().tick
        state.withLock { $0.timeline.tick(now: now) }
    }

    func detected() {
        let now = clock().tick
        state.withLock { $0.tally.detected(after: max(.zero, now - $0.timeline.pull)) }
    }

    /// The candidate has answered.
    func answered() {
        let now = clock().tick
        state.withLock { state in
            guard state.timeline.phase(now: now) == .recovery else { return }
            state.tally.recovered(after: now - state.timeline.restore)
        }
    }

    func note(_ sample: DrillSample) {
        state.withLock { $0.tally.note(sample, pulled: order.pulled) }
    }

    // MARK: What it shows

    package var report: DrillReport {
        let now = clock().tick
        let (timeline, tally) = state.withLock { $0 }
        return DrillReport(
            order, phase: timeline.phase(now: now), end: timeline.end(now: now), started: started,
            left: timeline.left(now: now), tally, goals)
    }
}

/// The drills that are under way: one a route.
package final class RunningDrills: Sendable {
    private let running = Mutex<[String: Rehearsal]>([:])
    private let isEmptyFlag = Atomic<Bool>(true)
    /// Brings an element soon after drills have begun: for the one who runs
    /// them.
    package let begun: AsyncStream<Void>
    private let tellBegun: AsyncStream<Void>.Continuation

    package init() {
        (begun, tellBegun) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// One atomic load, which is all that a request pays while there is none.
    func rehearsal(on route: String) -> Rehearsal? {
        isEmptyFlag.load(ordering: .acquiring) ? nil : running.withLock { $0[route] }
    }

    package var all: [Rehearsal] { running.withLock { Array($0.values) } }

    package func rehearsal(id: String) -> Rehearsal? { all.first { $0.order.id == id } }

    /// - Returns: nil if one runs on that route already.
    func begin(_ rehearsal: Rehearsal) -> Bool {
        let hasBegun = running.withLock { running in
            guard running[rehearsal.order.route] == nil else { return false }
            running[rehearsal.order.route] = rehearsal
            isEmptyFlag.store(false, ordering: .releasing)
            return true
        }
        if hasBegun { tellBegun.yield() }
        return hasBegun
    }

    package func remove(_ rehearsal: Rehearsal) {
        running.withLock { running in
            guard running[rehearsal.order.route] === rehearsal else { return }
            running[rehearsal.order.route] = nil
            isEmptyFlag.store(running.isEmpty, ordering: .releasing)
        }
    }
}

extension Gateway {
    /// The reason why a drill can't begin, as a sentence.
    package struct DrillRefusal: Error { package var message: String }

    /// Begins a drill.
    package func beginDrill(_ order: DrillOrder) throws(DrillRefusal) -> Rehearsal {
        guard let route = state.routes.routes.first(where: { $0.name == order.route }) else {
            throw DrillRefusal(message: "There is no route \"\(Printable.excerpt(order.route, 64))\".")
        }
        guard let candidate = route.candidates.first(where: { $0.id == order.candidate }) else {
            let names = route.candidates.map(\.id).joined(separator: ", ")
            throw DrillRefusal(
                message: "\"\(Printable.excerpt(order.candidate, 100))\" is no candidate of it; they are \(names).")
        }
        guard candidate.unavailable == nil, let provider = state.providers[candidate.provider] else {
            throw DrillRefusal(message: "\(candidate.id) is out of service; there is nothing to rehearse.")
        }
        guard order.faults.isEmpty || ServedRoute(route, state.providers, state.instruments).isSupervised else {
            throw DrillRefusal(
                message:
                    "Nothing that covers \"\(order.route)\" requires supervision, so there is none to rehearse the "
                    + "loss of.")
        }
        let place = provider.place(of: candidate.model)
        if order.faults.isEmpty { try refuse(ofHeld: candidate, place) }
        let goals = route.policy.objectives
        let rehearsal = Rehearsal(
            order,
            goals: .init(
                availability: goals.availability, firstToken: goals.firstToken, switchTime: goals.switchTime)
        ) { [continuity] in continuity.now }
        guard drills.begin(rehearsal) else {
            throw DrillRefusal(message: "A drill runs on \"\(order.route)\" already; wait for its end, or end it.")
        }
        return rehearsal
    }

    /// - Throws: ``DrillRefusal`` where the candidate has failed already.
    private func refuse(ofHeld candidate: Candidate, _ place: Target) throws(DrillRefusal) {
        switch continuity.book.standing(of: place, now: continuity.now) {
        case .held(let ground, _):
            throw DrillRefusal(
                message: "\(candidate.id) is held already (\(ground.rawValue)), so there is nothing to rehearse; "
                    + "`holdfast status` tells more."
            )
        case .suspected(let cause, _):
            throw DrillRefusal(
                message: "\(candidate.id) is suspected (\(cause.rawValue)), and a probe will tell; wait for it. "
                    + "`holdfast status` tells more.")
        case .free, .waiting, .open: break
        }
    }

    /// Takes a drill off its route, once `keep` has its report: at any moment
    /// a drill is either running or on record. What passed lets those back
    /// who wait for that.
    package func endDrill(_ rehearsal: Rehearsal, keep: (DrillReport) async -> Void) async {
        rehearsal.stop()
        let report = rehearsal.report
        await keep(report)
        drills.remove(rehearsal)
        guard report.verdict == .passed, report.end == .done,
            let route = state.routes.routes.first(where: { $0.name == report.order.route })
        else { return }
        let places = route.candidates.compactMap { candidate in
            state.providers[candidate.provider]?.place(of: candidate.model)
        }
        continuity.report(continuity.book.passedDrill(on: route.name, places))
    }
}
