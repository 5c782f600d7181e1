/// Failures in a row.
struct FailureRun: Sendable {
    private(set) var failures = 0
    /// Of these, how many found no connection.
    private(set) var connections = 0
    /// The models that failed; no more than two are kept, which is enough.
    private(set) var models: [String] = []

    mutating func count(_ model: String, connection: Bool) {
        failures += 1
        if connection { connections += 1 }
        if models.count < 2, !models.contains(model) { models.append(model) }
    }
}

/// Results of the last seconds, by the second.
struct ResultWindow: Sendable {
    struct Sum: Sendable {
        var results = 0
        var failures = 0
        var connections = 0
    }

    private var seconds: [(second: Int64, sum: Sum)] = []
    /// When each model last failed.
    private var failing: [(model: String, second: Int64)] = []
    /// More than are ever asked for.
    private static let mostModels = 4

    var failingModels: Int { failing.count }

    var sum: Sum {
        seconds.reduce(into: Sum()) {
            $0.results += $1.sum.results
            $0.failures += $1.sum.failures
            $0.connections += $1.sum.connections
        }
    }

    mutating func count(
        failed: Bool, model: String, connection: Bool, now: Duration, _ policy: ResiliencePolicy
    ) {
        let second = now.components.seconds
        let oldest = second - policy.window.components.seconds
        seconds.removeAll { $0.second <= oldest }
        failing.removeAll { $0.second <= oldest || failed && $0.model == model }
        if seconds.last?.second != second { seconds.append((second, Sum())) }
        let last = seconds.count - 1
        seconds[last].sum.results += 1
        guard failed else { return }
        seconds[last].sum.failures += 1
        if connection { seconds[last].sum.connections += 1 }
        if failing.count == Self.mostModels { failing.removeFirst() }
        failing.append((model, second))
    }
}
