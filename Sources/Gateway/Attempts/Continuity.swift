import Atomics
import Conversation
import Failures
package import Resilience
package import Routing
import Synchronization

/// The memory that outlives a request, a reload and (through its keeper) a
/// restart: which candidates are on hold, which are throttled, and whose
/// circuit breaker is open.
package final class Continuity: Sendable {
    package let book: HealthBook
    let classifier = Classifier.standard
    let keeper: any ContinuityKeeper
    private let clock: @Sendable () -> Moment
    /// The pause before a candidate is asked once more, by chance, so that
    /// requests that failed together don't come back together.
    let jitter: @Sendable () -> Duration
    /// When each model last answered, or was asked for a token because it
    /// hadn't; models of before the start count as having answered then.
    private let answered: Mutex<[ServedModel: Duration]>
    private let asked = Mutex<[ServedModel: Duration]>([:])
    private let began: Duration
    package let announcements = Announcements()
    package let planned = PlannedStops()
    /// The number of the newest ticket.
    private let newest = Mutex(0)
    let hedges = HedgeBook()
    package let callers = CallerCredentials()
    package let conversations = ConversationBook()
    package let sessions = SessionBook()

    /// - Parameters:
    ///   - answered: the models that have ever answered.
    ///   - clock: a monotonic tick that only ever grows, and the wall's time.
    package init(
        book: HealthBook = HealthBook(), keeper: any ContinuityKeeper, answered: Set<ServedModel> = [],
        jitter: @escaping @Sendable () -> Duration = { .milliseconds(Int.random(in: 20...120)) },
        clock: @escaping @Sendable () -> Moment
    ) {
        self.book = book
        self.keeper = keeper
        self.clock = clock
        self.jitter = jitter
        let began = clock().tick
        self.began = began
        self.answered = Mutex(Dictionary(uniqueKeysWithValues: answered.map { ($0, began) }))
    }

    package var now: Moment { clock() }

    // MARK: What attempts report

    func succeeded(_ token: AttemptToken?, at place: Target) {
        noteAnswer(at: place)
        guard let token, token.isTrial || !book.isQuiet else { return }
        report(book.succeeded(token, now: now))
    }

    func noteAnswer(at place: Target) {
        let model = ServedModel(host: place.host, model: place.model)
        let now = now
        let isNew = answered.withLock { $0.updateValue(now.tick, forKey: model) == nil }
        if isNew { keeper.noteAnswered(model, now) }
    }

    func abandoned(_ token: AttemptToken?) {
        guard let token, token.isTrial else { return }
        book.abandoned(token, now: now)
    }

    func hasAnswered(_ place: Target) -> Bool {
        answered.withLock { $0[ServedModel(host: place.host, model: place.model)] != nil }
    }

    /// When it last answered or was asked because it hadn't.
    func lastWord(of model: ServedModel) -> Duration {
        max(began, answered.withLock { $0[model] } ?? began, asked.withLock { $0[model] } ?? began)
    }

    func noteAsked(_ model: ServedModel) {
        let now = now.tick
        asked.withLock { $0[model] = now }
    }

    /// When it last answered since the start; nil if it hasn't.
    package func lastAnswer(of model: ServedModel) -> Duration? {
        answered.withLock { $0[model] }.flatMap { $0 > began ? $0 : nil }
    }

    /// Reports changes to the keeper.
    /// - Returns: A ticket that the request has to wait for before it goes on
    ///   (``untilDurable(_:)``); nil where there is nothing to wait for.
    @discardableResult
    package func report(_ changes: [HealthChange]) -> KeeperTicket? {
        guard !changes.isEmpty, let ticket = keeper.note(changes, now) else { return nil }
        newest.withLock { $0 = max($0, ticket.number) }
        return ticket
    }

    /// Returns when all that was reported so far is on disk, or the keeper's
    /// patience is over: what is shown as lasting is to last.
    package func untilDurable() async {
        let number = newest.withLock { $0 }
        if number > 0 { await keeper.untilDurable(KeeperTicket(number: number)) }
    }

    /// Returns when the changes are on disk, or the keeper's patience is over.
    package func untilDurable(_ ticket: KeeperTicket?) async {
        if let ticket { await keeper.untilDurable(ticket) }
    }
}

extension Gateway {
    /// Tells the health memory which returns the routes want remembered.
    package func applyRoutes() {
        continuity.book.keepReturns(
            state.routes.routes.contains { $0.policy.substitution.return != .automatic })
    }

    /// Returns whether the model at that place works again while the route
    /// doesn't rely on it yet.
    package func isAwaitingReturn(_ route: Route, at place: Target) -> Bool {
        switch route.policy.substitution.return {
        case .automatic: false
        case .byHand: continuity.book.isAwaiting(.hand, at: place)
        case .afterDrill: continuity.book.isAwaiting(.drill(route: route.name), at: place)
        }
    }

    /// Forgets what was lifted and no route waits for any more: else it would
    /// be looked up by every request, for ever.
    package func forgetReturns() {
        let book = continuity.book
        let waiting = state.served.values.filter { $0.route.policy.substitution.return != .automatic }
        for back in book.returned {
            let isAwaited = waiting.contains { served in
                served.upstreams.contains { upstream in
                    guard let place = upstream.place, HealthBook.concerns(back.hold, place) else { return false }
                    return isAwaitingReturn(served.route, at: place)
                }
            }
            if !isAwaited { continuity.report(book.forget(back.hold.id)) }
        }
    }

    /// Another key's value is another credential: what was held under one
    /// that is no longer in use is lifted.
    package func forgetOldCredentials() {
        let inUse = Set(state.providers.values.map(\.credential))
        continuity.report(continuity.book.credentials(inUse: inUse, now: continuity.now))
    }
}

/// A model at a host, under whatever key.
package struct ServedModel: Sendable, Hashable {
    package var host: String
    package var model: String

    package init(host: String, model: String) {
        self.host = host
        self.model = model
    }
}

/// Changes that a keeper has taken note of.
package struct KeeperTicket: Sendable, Hashable {
    package var number: Int

    package init(number: Int) { self.number = number }
}

/// The keeper of what must survive a restart. Must not block.
package protocol ContinuityKeeper: Sendable {
    /// Takes note of changes, in their order.
    /// - Returns: a ticket where a restart right after has to know them.
    func note(_ changes: [HealthChange], _ now: Moment) -> KeeperTicket?
    /// Returns when the changes of a ticket are on disk, or a short while is
    /// over.
    func untilDurable(_ ticket: KeeperTicket) async
    /// A model has answered for the first time since the start.
    func noteAnswered(_ model: ServedModel, _ now: Moment)
    /// A probe has reported.
    func noteProbe(_ place: Target, _ result: ProbeResult)
}

/// Keeps nothing.
package struct ForgetfulKeeper: ContinuityKeeper {
    package init() {}
    package func note(_ changes: [HealthChange], _ now: Moment) -> KeeperTicket? { nil }
    package func untilDurable(_ ticket: KeeperTicket) async {}
    package func noteAnswered(_ model: ServedModel, _ now: Moment) {}
    package func noteProbe(_ place: Target, _ result: ProbeResult) {}
}
