import Synchronization

/// The sizes of candidates' answers in tokens, learnt only from requests whose
/// key has a token limit.
package final class AnswerSizes: Sendable {
    /// The size that is assumed for an answer while too few have been seen.
    package static let unknown = 4096
    /// As few say nothing about one in twenty.
    package static let fewest = 20
    /// Callers can name models without end.
    private static let mostCandidates = 4096

    private let known = Mutex<[String: SizeCounts]>([:])

    package init() {}

    package func note(_ tokens: Int, of candidate: String) {
        known.withLock { known in
            guard known[candidate] != nil || known.count < Self.mostCandidates else { return }
            known[candidate, default: SizeCounts()].add(tokens)
        }
    }

    /// Returns the size within which nineteen of twenty answers stay.
    package func expected(of candidate: String) -> Int {
        known.withLock { known in
            guard let counts = known[candidate], counts.total >= Self.fewest else { return Self.unknown }
            return counts.quantile(0.95)
        }
    }
}

/// Numbers counted by size, four steps to a doubling; old ones fade.
package struct SizeCounts: Sendable {
    private var counts = [UInt16](repeating: 0, count: 128)
    package private(set) var total = 0
    private static let most = 512

    package init() {}

    package mutating func add(_ size: Int) {
        counts[Self.step(of: size)] += 1
        total += 1
        guard total >= Self.most else { return }
        for step in counts.indices { counts[step] /= 2 }
        total = counts.reduce(0) { $0 + Int($1) }
    }

    /// The largest size of the step in which that part of all is reached.
    package func quantile(_ part: Double) -> Int {
        let wanted = (Double(total) * part).rounded(.up)
        var seen = 0
        for (step, count) in counts.enumerated() {
            seen += Int(count)
            if Double(seen) >= wanted { return Self.end(of: step) - 1 }
        }
        return Self.end(of: counts.count - 1) - 1
    }

    private static func step(of size: Int) -> Int {
        guard size >= 4 else { return max(0, size) }
        let exponent = Int.bitWidth - 1 - size.leadingZeroBitCount
        return min(127, 4 * (exponent - 1) + (size >> (exponent - 2)) & 3)
    }

    private static func end(of step: Int) -> Int {
        let next = step + 1
        guard next >= 4 else { return next }
        return (4 + next % 4) << (next / 4 - 1)
    }
}
