import Failures
import Resilience

/// Whom to ask next, and when there is nobody left: one request's way through
/// its candidates, as a pure machine.
///
/// Order: a candidate that is free now comes before any wait. Then who failed
/// in a way that may pass is asked once more, as far as the retry budget
/// goes; then a rate limit is waited for, if that fits; last, a candidate
/// whose breaker is open, or that is only suspected, is asked all the same:
/// both move traffic, and refuse none.
struct AttemptPlan {
    enum Step: Equatable {
        case ask(Int, Manner)
        /// Nobody before that tick; then ask again.
        case wait(until: Duration)
        case stop
    }

    enum Manner: Equatable {
        case first
        /// The same once more, after a moment.
        case again
        /// Though its breaker is open, or a provisional hold is on it.
        case inSpite
    }

    private struct Entry {
        var tries = 0
        /// Not for this request any more.
        var isOut = false
        /// Failed in a way that may pass.
        var mayRepeat = false
        /// Whatever memory says: a throttled one isn't asked before that tick.
        var notBefore = Duration.zero
        /// The tokens that one request may use there.
        var context: Int?
    }

    private var entries: [Entry]
    private var isOver = false

    /// The least wait after a rate limit, however soon the provider says to
    /// come again.
    static let shortestWait = Duration.milliseconds(250)
    /// How often one request asks one candidate at most.
    static let mostTries = 4

    /// - Parameter contexts: of each candidate, nil where it isn't known.
    init(contexts: some Collection<Int?>) { entries = contexts.map { Entry(context: $0) } }

    /// - Parameters:
    ///   - now: the present tick.
    ///   - latest: the last tick that may be waited for.
    ///   - standing: how a candidate stands at present.
    ///   - mayRepeat: takes from a candidate's retry budget.
    mutating func next(
        now: Duration, latest: Duration, standing: (Int) -> Standing, mayRepeat: (Int) -> Bool
    ) -> Step {
        guard !isOver else { return .stop }
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

    /// Whether it hasn't been asked and may be.
    func mayAsk(_ index: Int) -> Bool { !isOver && !entries[index].isOut && entries[index].tries == 0 }

    mutating func asked(_ index: Int) {
        entries[index].tries += 1
        if entries[index].tries >= Self.mostTries { entries[index].isOut = true }
    }

    /// The candidate can't carry this request.
    mutating func ruleOut(_ index: Int) { entries[index].isOut = true }

    /// No candidate can help this request any more.
    mutating func ruleOutAll() { isOver = true }

    /// - Parameter movesOnRefusal: the route wants the next candidate asked
    ///   after a safety refusal.
    mutating func failed(_ index: Int, _ verdict: Verdict, now: Duration, movesOnRefusal: Bool) {
        let wasOut = entries[index].isOut
        switch verdict.cause {
        case .throttled:
            entries[index].notBefore = now + max(Self.shortestWait, verdict.retryAfter ?? .seconds(1))
        case .overloaded, .broken, .unreachable, .truncated:
            // A status that blames the request or its address won't pass.
            let mayPass = verdict.evidence == nil && !(400..<500).contains(verdict.status)
            entries[index].mayRepeat = !wasOut && mayPass
            entries[index].isOut = wasOut || !mayPass
        case .withdrawn, .denied, .exhausted, .credential, .silent, .unsupportedField: entries[index].isOut = true
        case .refused where movesOnRefusal: entries[index].isOut = true
        case .tooLong:
            // Only a larger one can help, and only where that is known.
            let context = entries[index].context
            for other in entries.indices {
                guard let own = entries[other].context, let context, own > context else {
                    entries[other].isOut = true
                    continue
                }
            }
        case .refused, .callerFault, .nestedReference: isOver = true
        }
    }
}
