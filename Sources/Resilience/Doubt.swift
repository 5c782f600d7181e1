/// The distrust of words at a place where a hold turned out to be wrong: for
/// ten minutes, doubling to an hour, words start no hold there before a probe
/// has confirmed it.
struct Doubt: Sendable {
    private(set) var until: Duration
    /// The number of times that the time has doubled.
    private var level = 0
    /// The callers' keys whose requests gave rise to what was wrong, and when
    /// that was found.
    private var sources: [(key: String, at: Duration)] = []
    private var isReported = false

    init(now: Duration) { until = now }

    func stands(now: Duration) -> Bool { until > now }

    /// Records that a hold there was contradicted.
    /// - Returns: The number of keys whose requests led to contradicted holds,
    ///   where that is to be reported: a model that is withdrawn region by
    ///   region still answers some requests.
    mutating func contradicted(_ key: String?, now: Duration, _ policy: ResiliencePolicy) -> Int? {
        if now - until > policy.longestDoubt { level = 0 }
        var time = policy.firstDoubt
        for _ in 0..<level where time < policy.longestDoubt { time *= 2 }
        until = now + min(time, policy.longestDoubt)
        level = min(level + 1, 8)
        sources.removeAll { now - $0.at >= policy.flappingWindow || $0.key == key }
        if sources.isEmpty { isReported = false }
        if let key { sources.append((key, now)) }
        guard sources.count >= policy.flappingKeys, !isReported else { return nil }
        isReported = true
        return sources.count
    }

    func isForgettable(now: Duration, _ policy: ResiliencePolicy) -> Bool { now - until > policy.longestDoubt }
}
