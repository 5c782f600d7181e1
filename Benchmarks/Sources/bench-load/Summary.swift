internal import FoundationEssentials
internal import NIOCore

/// A distribution of times, in microseconds, as it is printed.
struct Summary: Encodable {
    var count: Int
    var min: Double
    var p50: Double
    var p90: Double
    var p99: Double
    var max: Double
    var mean: Double

    /// Sums up the samples; all zero where there are none.
    init(_ samples: [TimeAmount]) {
        let sorted = samples.map { Double($0.nanoseconds) / 1000 }.sorted()
        func rank(_ share: Double) -> Double {
            guard !sorted.isEmpty else { return 0 }
            return sorted[Swift.min(sorted.count - 1, Int(share * Double(sorted.count)))]
        }
        self.count = sorted.count
        self.min = sorted.first ?? 0
        self.p50 = rank(0.5)
        self.p90 = rank(0.9)
        self.p99 = rank(0.99)
        self.max = sorted.last ?? 0
        self.mean = sorted.isEmpty ? 0 : sorted.reduce(0, +) / Double(sorted.count)
    }
}

/// Prints a report as one line of JSON.
func printReport(_ report: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    print(String(decoding: try encoder.encode(report), as: UTF8.self))
}
