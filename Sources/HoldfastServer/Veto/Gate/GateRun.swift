/// The rules of the gate.
package struct GateRules: Sendable, Hashable {
    /// The answers in a row that each candidate has to give to the gate's own
    /// requests.
    package var answers = 3
    /// The failures after which a candidate has failed, while it verifies.
    package var mostFailures = 3
    /// The time between two requests of the gate to one candidate.
    package var pause = Duration.seconds(2)
    /// The longest time that the gate waits for its conditions.
    package var patience = Duration.seconds(86_400)
    /// The share that is let through while it is half-open, in percent.
    package var percent = 10
    /// The time for which that has to go well.
    package var halfOpen = Duration.seconds(60)
    /// The errors among the requests that were let through from which on their
    /// share is judged.
    package var fewestErrors = 3
    /// The greatest share of errors, in percent.
    package var mostErrors = 20

    package init() {}
}

/// One condition of the gate, as far as it is known.
package struct GateCondition: Sendable, Hashable {
    package enum State: String, Sendable {
        case waiting, passed, failed
        /// Nothing can be asked for here; ``GateCondition/detail`` says why.
        case notApplicable = "not applicable"

        var isDone: Bool { self == .passed || self == .notApplicable }
    }

    package var name: String
    package var state: State
    package var detail: String?

    package init(_ name: String, _ state: State, _ detail: String? = nil) {
        self.name = name
        self.state = state
        self.detail = detail
    }
}

/// One attempt to bring a suspension back: which conditions hold, which
/// candidate is asked next, and when it is over. A pure machine; times are of a
/// clock that only goes forward.
package struct GateRun: Sendable {
    /// The next thing to do.
    package enum Step: Sendable, Hashable {
        /// A request of the gate's own; its result goes to
        /// ``answered(_:failure:at:)``.
        case ask(candidate: String)
        case halfOpen(percent: Int)
        case restored
        case failed(reason: String)
    }

    /// A candidate that the gate asks.
    private struct Target {
        var inARow = 0
        var failures = 0
        var lastFailure: String?
        var isAsked = false
        var next: Duration
    }

    private enum Place {
        case verifying
        case halfOpen(since: Duration)
        case over
    }

    private let rules: GateRules
    private let began: Duration
    private var place = Place.verifying
    private var targets: [String: Target] = [:]
    /// Conditions from elsewhere: standards, drills, the model's sameness.
    private var outside: [GateCondition] = []
    /// The requests that were let through while it is half-open.
    private var served = GateTally()

    /// - Parameter isHalfOpen: true where an earlier process had come that far.
    package init(
        _ candidates: [String], rules: GateRules, isHalfOpen: Bool = false, at now: Duration
    ) {
        self.rules = rules
        began = now
        for candidate in candidates { targets[candidate] = Target(next: now) }
        if isHalfOpen { place = .halfOpen(since: now) }
    }

    package var isHalfOpen: Bool {
        if case .halfOpen = place { return true }
        return false
    }

    /// The conditions, in the order in which the gate asks for them.
    package var conditions: [GateCondition] { outside + [answers] + (isHalfOpen ? [share] : []) }

    // MARK: What is known

    /// Takes the conditions from elsewhere, as they are now.
    package mutating func note(_ conditions: [GateCondition]) { outside = conditions }

    /// Takes the candidates that are to be asked, as an edit of the settings
    /// may have changed them.
    package mutating func note(candidates: [String], at now: Duration) {
        targets = Dictionary(
            candidates.map { ($0, targets[$0] ?? Target(next: now)) }, uniquingKeysWith: { first, _ in first })
    }

    /// Takes the result of a request of the gate's own.
    /// - Parameter failure: nil where the candidate answered.
    package mutating func answered(_ candidate: String, failure: String?, at now: Duration) {
        guard var target = targets[candidate] else { return }
        target.isAsked = false
        target.next = now + rules.pause
        if let failure {
            target.inARow = 0
            target.failures += 1
            target.lastFailure = failure
        } else {
            target.inARow = min(target.inARow + 1, rules.answers)
            // Under way for a long time, single failures must not add up.
            if target.inARow == rules.answers { target.failures = 0 }
        }
        targets[candidate] = target
    }

    /// Takes the requests that were let through since it is half-open.
    package mutating func note(letThrough tally: GateTally) { if isHalfOpen { served = tally } }

    // MARK: What is next

    /// Returns what has to be done now, in order. The gate is over after
    /// ``Step/restored`` and ``Step/failed(reason:)``.
    package mutating func steps(at now: Duration) -> [Step] {
        if case .over = place { return [] }
        if let reason = defect(at: now) {
            place = .over
            return [.failed(reason: reason)]
        }
        switch place {
        case .over: return []
        case .verifying:
            guard outside.allSatisfy(\.state.isDone) else { return [] }
            guard answers.state.isDone else { return asks(at: now) }
            place = .halfOpen(since: now)
            for candidate in targets.keys {
                targets[candidate]?.inARow = 0
                targets[candidate]?.failures = 0
            }
            return [.halfOpen(percent: rules.percent)] + asks(at: now)
        case .halfOpen(let since):
            guard now - since >= rules.halfOpen, outside.allSatisfy(\.state.isDone), answers.state.isDone else {
                return asks(at: now)
            }
            place = .over
            return [.restored]
        }
    }

    private mutating func asks(at now: Duration) -> [Step] {
        targets.keys.sorted().compactMap { candidate in
            guard let target = targets[candidate], !target.isAsked, target.next <= now else { return nil }
            targets[candidate]?.isAsked = true
            return .ask(candidate: candidate)
        }
    }

    /// The reason why this attempt has failed; nil while it hasn't.
    private func defect(at now: Duration) -> String? {
        if let failed = outside.first(where: { $0.state == .failed }) {
            return failed.name + (failed.detail.map { ": \($0)" } ?? "")
        }
        for (candidate, target) in targets.sorted(by: { $0.key < $1.key }) where target.failures >= rules.mostFailures {
            return "\(candidate) did not answer the gate: \(target.lastFailure ?? "no answer")"
        }
        let (good, bad) = (served.good, served.bad)
        if bad >= rules.fewestErrors, bad * 100 > (good + bad) * rules.mostErrors {
            return "\(bad) of \(good + bad) requests that were let through failed"
        }
        if !isHalfOpen, now - began >= rules.patience {
            let waiting = conditions.filter { !$0.state.isDone }.map(\.name).joined(separator: ", ")
            return "it waited \(rules.patience.components.seconds) s for: \(waiting)"
        }
        return nil
    }

    private var answers: GateCondition {
        guard !targets.isEmpty else {
            return GateCondition("answers", .notApplicable, "no model in service is in its scope")
        }
        let behind = targets.filter { $0.value.inARow < rules.answers }
        guard let (candidate, target) = behind.min(by: { $0.key < $1.key }) else {
            return GateCondition("answers", .passed, "each model has answered \(rules.answers) times in a row")
        }
        let last = target.lastFailure.map { "; last failure: \($0)" } ?? ""
        return GateCondition(
            "answers", .waiting, "\(candidate) has answered \(target.inARow) of \(rules.answers) times\(last)")
    }

    private var share: GateCondition {
        GateCondition(
            "half-open", .waiting, "\(served.good + served.bad) requests were let through, and \(served.bad) failed")
    }
}
