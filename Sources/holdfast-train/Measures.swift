import Glibc

/// A share of a count, with its 95 % interval (Wilson, 1927).
struct Share: CustomStringConvertible {
    var hits: Int
    var count: Int

    var value: Double { count == 0 ? 0 : Double(hits) / Double(count) }

    var interval: (low: Double, high: Double) {
        guard count > 0 else { return (0, 1) }
        let (n, z) = (Double(count), 1.959964)
        let middle = (value + z * z / (2 * n)) / (1 + z * z / n)
        let half = z / (1 + z * z / n) * sqrt(value * (1 - value) / n + z * z / (4 * n * n))
        return (max(0, middle - half), min(1, middle + half))
    }

    var description: String {
        "\(Self.three(value)) [\(Self.three(interval.low)), \(Self.three(interval.high))] (\(hits)/\(count))"
    }

    static func three(_ value: Double) -> String {
        let thousandths = Int((value * 1000).rounded())
        let digits = String(thousandths % 1000)
        return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits
    }
}

/// The measures of a set of scores.
enum Measures {
    /// The least score that at most this share of the negatives reach.
    static func threshold(negatives: [Double], rate: Double) -> Double {
        let sorted = negatives.sorted(by: >)
        let allowed = Int(Double(sorted.count) * rate)
        return allowed < sorted.count ? sorted[allowed].nextUp : -1
    }

    static func reached(_ scores: [Double], _ threshold: Double) -> Share {
        Share(hits: scores.count { $0 >= threshold }, count: scores.count)
    }

    /// The area under the curve: the chance that a positive scores above a
    /// negative; ties count half.
    static func area(positives: [Double], negatives: [Double]) -> Double {
        guard !positives.isEmpty, !negatives.isEmpty else { return 0.5 }
        let all = (positives.map { ($0, true) } + negatives.map { ($0, false) }).sorted { $0.0 < $1.0 }
        var (sum, below, index) = (0.0, 0.0, 0)
        while index < all.count {
            var (end, negative, positive) = (index, 0.0, 0.0)
            while end < all.count, all[end].0 == all[index].0 {
                if all[end].1 { positive += 1 } else { negative += 1 }
                end += 1
            }
            sum += positive * (below + negative / 2)
            below += negative
            index = end
        }
        return sum / (Double(positives.count) * Double(negatives.count))
    }
}
