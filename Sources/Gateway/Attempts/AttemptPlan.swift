package import Failures
package import Resilience

/// The plan of one request's way through its candidates: says which candidate
/// to ask next, and when none is left. A pure state machine: it does no I/O and
/// is given the time.
///
/// The order:
/// 1. A candidate that was healthy and failed at once is asked once more, as
///    far as the retry budget allows.
/// 2. Where the route wants it, the plan waits for a first candidate that will
///    soon take requests again.
/// 3. Otherwise a candidate that is free now comes before any wait.
/// 4. Then a candidate whose failure may be temporary is asked once more.
/// 5. Then the plan waits for the end of a rate limit, if that fits into the
///    request's time.
/// 6. Last, a candidate whose breaker is open, or that is only suspected, is
///    asked nevertheless: both states move traffic elsewhere, but refuse no
///    request.
package struct AttemptPlan {
    package enum Step: Equatable {
        case ask(Int, RetryKind)
        /// No candidate may be asked before that tick; then ask the plan again.
        case wait(until: Duration)
        case stop
    }

    private struct Entry {
        var tries = 0
        /// Not for this request any more.
        var isOut = false
        /// Failed in a way that may pass.
        var mayRepeat = false
        /// The same, at once, and with nothing against it before.
        var repeatsAtOnce = false
        /// True when the context is not known to be large enough for a request
        /// that was too long for another candidate. Such a candidate isn't
        /// asked twice to find out.
        var isAskedOnce = false
        /// The earliest tick at which a throttled candidate is asked, even if
        /// the health memory says otherwise.
        var notBefore = Duration.zero
        /// The tokens that one request may use there.
        var context: Int?
    }

    /// A wait for the candidate that is asked first, though others are free.
    private struct Stay {
        /// The longest wait that it may name.
        var most: Duration
        /// The end of the request's time.
        var deadline: Duration
        /// When one request has waited for it long enough.
        var latest: Duration?
        /// The candidate that is waited for now.
        var until: Duration?
    }

    private var entries: [Entry]
    private var stay: Stay?
    /// The candidate that was asked first.
    private var lead: Int?
    private var isOver = false

    /// The least wait after a rate limit, however soon the provider says to
    /// come again.
    static let shortestWait = Duration.milliseconds(250)
    /// The largest number of times that one request asks one candidate.
    static let mostTries = 4

    /// - Parameter contexts: of each candidate, nil where it isn't known.
    package init(contexts: some Collection<Int?>) { entries = contexts.map { Entry(context: $0) } }

    /// - Parameters:
    ///   - now: The present tick.
    ///   - latest: The last tick until which the plan may wait.
    ///   - standing: Returns the present state of a candidate.
    ///   - mayRepeat: Takes from a candidate's retry budget.
    package mutating func next(
        now: Duration, latest: Duration, standing: (Int) -> TargetState, mayRepeat: (Int) -> Bool
    ) -> Step {
        guard !isOver else { return .stop }
        if let index = entries.firstIndex(where: { $0.repeatsAtOnce && !$0.isOut }) {
            entries[index].repeatsAtOnce = false
            if standing(index) == .free, mayRepeat(index) {
                entries[index].mayRepeat = false
                entries[index].isOut = true
                return .ask(index, .again)
            }
        }
        if let until = stay?.until {
            if until > now { return .wait(until: until) }
            stay?.until = nil
        }
        var earliest: Duration?
        var blocked: Int?
        for index in entries.indices where !entries[index].isOut {
            switch standing(index) {
            case .free:
                if entries[index].mayRepeat { continue }
                let notBefore = entries[index].notBefore
                if notBefore <= now { return .ask(index, .first) }
                earliest = min(earliest ?? notBefore, notBefore)
            case .waiting(let until, _):
                let until = max(until, entries[index].notBefore)
                earliest = min(earliest ?? until, until)
            case .open, .suspected: if entries[index].tries == 0 { blocked = blocked ?? index }
            case .held: break
            }
        }
        for index in entries.indices where entries[index].mayRepeat && !entries[index].isOut {
            if case .held = standing(index) { continue }
            entries[index].mayRepeat = false
            entries[index].isOut = true
            if mayRepeat(index) { return .ask(index, .again) }
        }
        if let earliest, earliest <= latest { return .wait(until: earliest) }
        if let blocked { return .ask(blocked, .inSpite) }
        return .stop
    }

    /// Lets the request wait for its first candidate though others are free.
    /// - Parameters:
    ///   - most: the longest wait that the candidate may name.
    ///   - named: until when it has told other requests to wait.
    package mutating func mayStay(_ most: Duration, deadline: Duration, named: Duration?, now: Duration) {
        stay = Stay(most: most, deadline: deadline)
        if let named, let first {
            wait(for: first, until: named, naming: named - now, now: now)
        }
    }

    private mutating func wait(for index: Int, until: Duration, naming wait: Duration, now: Duration) {
        guard var stay, index == lead ?? index, wait <= stay.most else { return }
        let latest = stay.latest ?? now + max(stay.most, Self.shortestWait)
        guard until <= latest, until < stay.deadline else { return }
        stay.latest = latest
        stay.until = until
        self.stay = stay
    }

    /// The first that may be asked.
    var first: Int? { entries.indices.first { !entries[$0].isOut } }

    /// Another candidate had the first word: this one has not failed, and
    /// comes after all others.
    package mutating func overtaken(_ index: Int) { entries[index].mayRepeat = !entries[index].isOut }

    /// Returns whether the candidate hasn't been asked and may be.
    package func mayAsk(_ index: Int) -> Bool { !isOver && !entries[index].isOut && entries[index].tries == 0 }

    package mutating func asked(_ index: Int) {
        lead = lead ?? index
        entries[index].tries += 1
        if entries[index].tries >= Self.mostTries { entries[index].isOut = true }
    }

    /// The candidate can't carry this request.
    package mutating func ruleOut(_ index: Int) { entries[index].isOut = true }

    /// No candidate can help this request any more.
    package mutating func ruleOutAll() { isOver = true }

    /// - Parameters:
    ///   - movesOnRefusal: True when the route wants the next candidate asked
    ///     after a safety refusal.
    ///   - byChance: True when the candidate failed at once, and had not failed
    ///     for a while.
    package mutating func failed(
        _ index: Int, _ verdict: Verdict, now: Duration, movesOnRefusal: Bool, byChance: Bool = false
    ) {
        let wasOut = entries[index].isOut
        defer { if entries[index].isAskedOnce { entries[index].isOut = true } }
        switch verdict.cause {
        case .throttled:
            let notBefore = now + max(Self.shortestWait, verdict.retryAfter ?? .seconds(1))
            entries[index].notBefore = notBefore
            if let named = verdict.retryAfter, !wasOut { wait(for: index, until: notBefore, naming: named, now: now) }
        case .overloaded, .broken, .unreachable, .truncated:
            // A status that blames the request or its address won't pass.
            let mayPass = verdict.evidence == nil && !(400..<500).contains(verdict.status)
            entries[index].mayRepeat = !wasOut && mayPass
            entries[index].repeatsAtOnce = !wasOut && mayPass && byChance && verdict.cause != .overloaded
            entries[index].isOut = wasOut || !mayPass
        case .withdrawn, .denied, .exhausted, .credential, .silent, .unsupportedField: entries[index].isOut = true
        case .refused where movesOnRefusal: entries[index].isOut = true
        case .tooLong:
            // Only a larger one can help. Who may be larger is asked once.
            let context = entries[index].context
            entries[index].isOut = true
            for other in entries.indices where other != index {
                if let own = entries[other].context, let context {
                    if own <= context { entries[other].isOut = true }
                } else {
                    entries[other].isAskedOnce = true
                }
            }
        case .refused, .callerFault, .nestedReference: isOver = true
        }
    }
}

/// The reason for which the plan asks a candidate.
package enum RetryKind: Equatable {
    case first
    /// The same once more, after a moment.
    case again
    /// Though its breaker is open, or a provisional hold is on it.
    case inSpite
}
