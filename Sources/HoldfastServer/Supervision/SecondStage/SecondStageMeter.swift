import CoreMetrics
import Supervision

/// The second stage's counts for `/metrics`.
struct SecondStageMeter: Sendable {
    private let scored = Counter(label: "holdfast_supervisor_windows_total", dimensions: [("result", "scored")])
    private let cached = Counter(label: "holdfast_supervisor_windows_total", dimensions: [("result", "cached")])
    private let unseen = Counter(label: "holdfast_supervisor_windows_total", dimensions: [("result", "unseen")])
    private let failures: [SecondStageFailure: Counter] = Dictionary(
        uniqueKeysWithValues: SecondStageFailure.allCases.map {
            ($0, Counter(label: "holdfast_supervisor_failures_total", dimensions: [("reason", $0.rawValue)]))
        })

    func count(scored number: Int) { scored.increment(by: number) }

    func count(_ result: SecondStageResult) {
        switch result {
        case .scored(let scores):
            cached.increment(by: scores.cached)
            unseen.increment(by: scores.windows.count - scores.seen)
        case .failed(let failure): failures[failure]?.increment()
        }
    }
}
