package import Failures
import Synchronization

/// The memory of providers' health that all requests share.
///
/// Requests report their failures here, and ask here before they go to a
/// provider. A failure opens a circuit breaker (``Breaker``), starts the wait
/// of a rate limit, or places a hold (``Hold``): a decision to send no more
/// requests to a model, a host or an account before a probe or a person has
/// lifted it. `HealthMachine` has the rules, without clock or lock.
///
/// While nothing is wrong, a request costs one atomic load here; otherwise a
/// lock, held for a few look-ups.
package final class HealthBook: Sendable {
    private let machine: Mutex<HealthMachine>
    private let budgets = Mutex<[String: RetryBudget]>([:])
    private let quiet = Atomic<Bool>(true)
    private let policy: ResiliencePolicy

    package init(_ policy: ResiliencePolicy = .init()) {
        self.policy = policy
        machine = Mutex(HealthMachine(policy))
    }

    /// True when there is no hold, no wait, no counted failure and no open
    /// breaker.
    package var isQuiet: Bool { quiet.load(ordering: .acquiring) }

    /// Tells whether a request may go there. Changes nothing.
    /// - Parameter key: the caller's key, where a request asks: some holds
    ///   count for the callers that met them only.
    package func standing(of place: Target, for key: String? = nil, now: Moment) -> TargetState {
        isQuiet ? .free : machine.withLock { $0.standing(of: place, for: key, now: now.tick) }
    }

    /// Tells whether the model at this place has failed of late. A request asks
    /// before it reports its own failure.
    package func hasFailed(_ place: Target, now: Moment) -> Bool {
        isQuiet ? false : machine.withLock { $0.hasFailed(place, now: now.tick) }
    }

    /// The cause of the last failure of a breaker that has opened and not closed since, if it failed within this time.
    /// After its wait, such a breaker lets a trial through, so that the place stands free.
    package func trouble(at place: Target, within time: Duration, now: Moment) -> Cause? {
        isQuiet ? nil : machine.withLock { $0.trouble(at: place, since: now.tick - time) }
    }

    /// Until when the place itself has asked to be left alone (`Retry-After`);
    /// nil where it hasn't, or something else is in the way.
    package func namedWait(of place: Target, now: Moment) -> Duration? {
        isQuiet ? nil : machine.withLock { $0.namedWait(of: place, now: now.tick) }
    }

    /// Leave to send one request; nil if the place is not free, or another
    /// request has the one trial.
    package func enter(_ place: Target, for key: String? = nil, now: Moment) -> AttemptToken? {
        if isQuiet { return AttemptToken(place: place, entered: now.tick, lease: 0) }
        return change { $0.enter(place, for: key, now: now) }
    }

    /// Leave to send one request though the place is suspected, or its breaker
    /// open: nobody else is free.
    package func enterInSpite(_ place: Target, now: Moment) -> AttemptToken {
        AttemptToken(place: place, entered: now.tick, lease: 0)
    }

    package func succeeded(_ token: AttemptToken, now: Moment) -> [HealthChange] {
        isQuiet ? [] : change { $0.succeeded(token, now: now) }
    }

    /// Records a failed attempt.
    /// - Returns: The changes, and the probes to make at once.
    package func failed(_ token: AttemptToken, _ report: FailureReport, now: Moment) -> HealthNews {
        change { $0.failed(token, report, now: now) }
    }

    /// The caller has gone: no verdict, and a trial is the next request's.
    package func abandoned(_ token: AttemptToken, now: Moment) {
        if token.isTrial { change { $0.abandoned(token, now: now) } }
    }

    /// Counts a request, for the budget of repeats.
    package func noteRequest(at provider: String, now: Moment) {
        budgets.withLock { $0[provider, default: RetryBudget()].noteRequest(now: now.tick) }
    }

    /// Takes a repeat out of the provider's budget, if one is left.
    package func mayRepeat(at provider: String, now: Moment) -> Bool {
        budgets.withLock { $0[provider, default: RetryBudget()].mayRepeat(now: now.tick, policy) }
    }

    /// The probes to make now. Each is under way from here on, until it is
    /// reported or its lease is over.
    package func dueProbes(now: Moment) -> [ProbeOrder] {
        isQuiet ? [] : change { $0.dueProbes(now: now) }
    }

    package func probed(_ order: ProbeOrder, _ result: ProbeResult, now: Moment) -> [HealthChange] {
        change { $0.probed(order, result, now: now) }
    }

    /// Holds by hand: until somebody restores it.
    package func hold(_ place: Target, scope: Scope, reason: String, by: String, now: Moment) -> [HealthChange] {
        change { $0.hold(place, scope: scope, reason: reason, by: by, now: now) }
    }

    /// Lifts a hold; nil if there is none with that id.
    package func restore(_ id: String, by: String, now: Moment) -> [HealthChange]? {
        change { $0.restore(id, by: by, now: now) }
    }

    /// Notes who has seen a hold; nil if there is none with that id.
    package func acknowledge(_ id: String, by: String, now: Moment) -> [HealthChange]? {
        change { $0.acknowledge(id, by: by, now: now) }
    }

    /// Returns whether the model at this place works again, while a route that
    /// waits for `awaited` must not rely on it yet.
    package func isAwaiting(_ awaited: AwaitedReturn, at place: Target) -> Bool {
        isQuiet ? false : machine.withLock { $0.isAwaiting(awaited, at: place) }
    }

    /// A drill has passed on a route with candidates at these places.
    package func passedDrill(on route: String, _ places: [Target]) -> [HealthChange] {
        change { $0.passedDrill(on: route, places) }
    }

    /// Sets whether any route waits before it lets its candidate serve again;
    /// otherwise nothing is kept for that.
    package func keepReturns(_ keeps: Bool) { change { $0.keepsReturns = keeps } }

    /// Oldest first.
    package var returned: [ReturnedHold] {
        machine.withLock { $0.returned.values.sorted { ($0.since, $0.hold.id) < ($1.since, $1.hold.id) } }
    }

    /// Returns whether a hold was about the model, host or credential of this
    /// place.
    package static func concerns(_ hold: Hold, _ place: Target) -> Bool {
        FailureScope(hold).map { FailureScope.all(of: place).contains($0) } ?? false
    }

    /// Forgets a hold that has been lifted; no change where it isn't known.
    package func forget(_ id: String) -> [HealthChange] { change { $0.release(id, by: "nobody waits for it") ?? [] } }

    /// Takes over what an earlier process stored.
    package func remembered(_ returned: [ReturnedHold]) { change { $0.remembered(returned) } }

    /// Takes over what an earlier process stored.
    package func remembered(_ holds: [Hold]) { change { $0.remembered(holds) } }

    /// Lifts what was held of keys that are no longer in use.
    package func credentials(inUse: Set<String>, now: Moment) -> [HealthChange] {
        change { $0.credentials(inUse: inUse, now: now) }
    }

    /// Oldest first.
    package var holds: [Hold] { machine.withLock { $0.holds } }

    package func breakers(now: Moment) -> [BreakerReport] { machine.withLock { $0.breakerReports(now: now.tick) } }

    private func change<Result: Sendable>(_ body: (inout HealthMachine) -> Result) -> Result {
        machine.withLock { machine in
            defer { quiet.store(machine.isQuiet, ordering: .releasing) }
            return body(&machine)
        }
    }
}
