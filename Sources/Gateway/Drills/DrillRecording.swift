import NIOCore
import Conversation
import Drills
import Routing

extension Rehearsal {
    /// Takes note of a request that is done.
    func note(_ record: RequestRecord, on choice: RouteChoice) {
        guard let drill = record.drill else { return }
        // Who left, or was turned away by its own limits or words, shows nothing.
        switch record.outcome {
        case .callerGone, .limited, .blocked: return
        case .refused where drill.pulled == nil: return
        case .refused, .served, .providerError, .failed, .truncated: break
        }
        var sample = DrillSample(phase: drill.phase)
        sample.isStream = record.isStream
        sample.isWhole = record.outcome == .served
        sample.servedBy = record.handOvers.last?.by ?? record.servedBy
        sample.wasPulled = drill.pulled != nil
        if drill.brokeStream {
            sample.fate = !sample.isWhole ? .lost : record.handOvers.first?.at == 0 ? .restarted : .continued
        }
        sample.firstByte = record.timeToFirstByte
        sample.total = record.duration
        if let pulled = drill.pulled, let resumed = drill.resumed, resumed > pulled {
            sample.switchTime = .nanoseconds((resumed - pulled).nanoseconds)
        }
        sample.skipped = record.skipped
        sample.dropped = record.dropped
        sample.reason = record.reason ?? record.attempts.last?.cause
        sample.isShut = record.reason == APIProblem.supervisionUnavailable && record.attempts.isEmpty
        sample.isUnanswered = record.status == 0
        for attempt in record.attempts {
            guard let usage = attempt.usage ?? attempt.unheard else { continue }
            guard let price = attempt.upstream.candidate.price else {
                sample.isPriced = false
                continue
            }
            // Sums of two currencies are none.
            if let currency = sample.currency, currency != price.currency { sample.isPriced = false }
            sample.currency = price.currency
            sample.cost += price.cost(of: usage)
        }
        note(sample)
    }
}

extension Price {
    /// Returns the cost of these tokens.
    func cost(of usage: Usage) -> Double {
        let read = min(usage.input, usage.cacheRead ?? 0)
        let fresh = Double(usage.input - read) * input + Double(read) * (cached ?? input)
        return (fresh + Double(usage.output) * output) / 1_000_000
    }
}
