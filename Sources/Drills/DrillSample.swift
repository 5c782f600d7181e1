/// The outcome of one request on a route where a drill runs.
package struct DrillSample: Sendable {
    /// The outcome of a stream that the drill broke.
    package enum Fate: String, Sendable, Hashable, CaseIterable {
        /// Another candidate went on with what had been told.
        case continued
        /// Nothing that a reader sees had been told: another one began anew.
        case restarted
        case lost
    }

    /// When it came.
    package var phase: DrillPhase
    package var isStream = false
    /// Answered whole.
    package var isWhole = false
    /// The provider's own no, passed on as the route wants it: a refusal, a
    /// request that is wrong.
    package var servedBy: String?
    /// Met the drill itself, not only what was remembered of it.
    package var wasPulled = false
    package var fate: Fate?
    package var firstByte: Duration?
    package var total = Duration.zero
    /// From the verdict on the pulled candidate to the first word of another.
    package var switchTime: Duration?
    /// The reasons why candidates were passed over.
    package var skipped: [String] = []
    /// Fields of the request that whoever served could not be told.
    package var dropped: [String] = []
    package var cost = 0.0
    /// The currency of the cost (ISO 4217); nil where nothing cost anything.
    package var currency: String?
    /// Every candidate that served has a price.
    package var isPriced = true
    /// The reason why the request wasn't answered.
    package var reason: String?
    /// Refused before any candidate heard of it, for want of a verdict.
    package var isShut = false
    /// Not even a refusal was sent.
    package var isUnanswered = false

    package init(phase: DrillPhase) { self.phase = phase }
}

/// A collection of durations that keeps enough of them for quantiles, and no
/// more than a limit.
struct Durations: Sendable {
    private(set) var values: [Duration] = []
    private(set) var count = 0
    /// A drill of an hour at full load shall not fill the memory.
    private static let most = 100_000

    mutating func add(_ value: Duration) {
        count += 1
        if values.count < Self.most { values.append(value) }
    }

    /// Nil if there is none.
    func quantile(_ part: Double) -> Duration? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        return sorted[max(0, min(sorted.count - 1, Int((part * Double(sorted.count)).rounded(.up)) - 1))]
    }
}
