/// The limit to how many requests to one provider may be repeats.
///
/// In any minute at most `fewestRepeats`, or `repeatShare` of that minute's
/// requests where that is more. Counted by the second, so that memory is
/// bounded; when in doubt, a repeat is refused.
struct RetryBudget: Sendable {
    private struct Second {
        var second: Int64 = .min
        var requests = 0
        var repeats = 0
    }

    /// A ring: the present second and the sixty before it.
    private var seconds = [Second](repeating: Second(), count: 61)
    private var latest: Int64 = .min

    mutating func noteRequest(now: Duration) {
        seconds[index(now)].requests += 1
    }

    mutating func mayRepeat(now: Duration, _ policy: ResiliencePolicy) -> Bool {
        mayTake(now: now, share: policy.repeatShare, floor: policy.fewestRepeats)
    }

    /// - Parameters:
    ///   - share: The allowed repeats, as a share of the last minute's
    ///     requests.
    ///   - floor: The number of repeats that is allowed in any case.
    mutating func mayTake(now: Duration, share: Double, floor: Int) -> Bool {
        let present = index(now)
        var requests = 0
        var repeats = 0
        for entry in seconds where entry.second >= latest - 60 {
            repeats += entry.repeats
            // The oldest second may lie partly more than a minute back.
            if entry.second > latest - 60 { requests += entry.requests }
        }
        guard Double(repeats + 1) <= max(Double(floor), share * Double(requests)) else { return false }
        seconds[present].repeats += 1
        return true
    }

    /// The ring's entry of this second; one that was a minute ago starts
    /// anew. A clock read before another's that came first counts as that.
    private mutating func index(_ now: Duration) -> Int {
        latest = max(latest, now.components.seconds)
        let index = Int(((latest % 61) + 61) % 61)
        if seconds[index].second != latest { seconds[index] = Second(second: latest) }
        return index
    }
}
