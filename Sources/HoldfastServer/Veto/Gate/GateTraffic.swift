import Conversation
import Failures
package import Gateway
import Synchronization

/// The requests that count for the gates of suspensions: by route, whether they
/// were answered by others than the suspended, and by candidate, whether it
/// answered. Counts only while something is suspended.
package final class GateTraffic: RequestRecorder {
    /// Counts since the process started.
    package struct Totals: Sendable {
        package var routes: [String: GateWindow] = [:]
        /// By `provider/model`.
        package var candidates: [String: GateTally] = [:]

        package init() {}
    }

    private let isOn = Atomic(false)
    private let counted = Mutex(Totals())
    /// The candidates that suspensions stop, as `provider/model`.
    private let suspended = Mutex<Set<String>>([])

    package init() {}

    /// Begins or ends to count; what was counted stays.
    /// - Parameter candidates: those that suspensions stop, as `provider/model`,
    ///   also while they drain or get a share again.
    package func count(_ isOn: Bool, suspended candidates: Set<String> = []) {
        suspended.withLock { $0 = candidates }
        self.isOn.store(isOn, ordering: .relaxed)
    }

    package var totals: Totals { counted.withLock { $0 } }

    package func record(_ record: RequestRecord) {
        guard isOn.load(ordering: .relaxed) else { return }
        // A refusal by suspensions alone says nothing of a route's standbys: where
        // there are any outside of one suspension, another one has stopped them.
        let isAnswered = saysNothingOfOthers(record) ? nil : Self.isAnswered(record.outcome)
        let attempts = record.drill == nil ? record.attempts.compactMap(Self.judge) : []
        guard isAnswered != nil || !attempts.isEmpty else { return }
        counted.withLock { totals in
            if let isAnswered, let route = record.route { totals.routes[route, default: GateWindow()].add(isAnswered) }
            for (candidate, isGood) in attempts { totals.candidates[candidate, default: GateTally()].add(isGood) }
        }
    }

    /// Returns whether a suspension alone has ended it, or a suspended candidate
    /// has answered: one that drains, or has its share again.
    private func saysNothingOfOthers(_ record: RequestRecord) -> Bool {
        if record.isEndedBySuspension { return true }
        guard record.outcome == .served, let candidate = record.handOvers.last?.by ?? record.servedBy else {
            return false
        }
        return suspended.withLock { $0.contains(candidate) }
    }

    /// - Returns: nil where the end says nothing of the route.
    private static func isAnswered(_ outcome: RequestRecord.Outcome) -> Bool? {
        switch outcome {
        case .served: true
        case .failed, .truncated, .providerError: false
        case .refused, .blocked, .limited, .callerGone: nil
        }
    }

    /// The causes of failures that say nothing of the candidate.
    private static let othersFaults: Set<String> = [
        Cause.callerFault.rawValue, Cause.refused.rawValue, Cause.tooLong.rawValue, Cause.unsupportedField.rawValue,
        Cause.nestedReference.rawValue,
    ]

    /// - Returns: nil where the attempt says nothing of the candidate.
    private static func judge(_ attempt: AttemptRecord) -> (String, Bool)? {
        let id = attempt.upstream.id
        guard let cause = attempt.cause else {
            // Without a cause it answered, or was ended by somebody else.
            return attempt.failure == nil ? (id, true) : nil
        }
        return othersFaults.contains(cause) ? nil : (id, false)
    }
}

extension GateTally {
    mutating func add(_ isGood: Bool) { if isGood { good += 1 } else { bad += 1 } }

    /// The requests since another count.
    func since(_ earlier: GateTally?) -> GateTally {
        GateTally(good: good - (earlier?.good ?? 0), bad: bad - (earlier?.bad ?? 0))
    }
}
