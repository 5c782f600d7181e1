package import Supervision

/// The training of one head: an averaged passive-aggressive learner (Crammer
/// et al., 2006) over the best run of words of each text, in whole numbers.
///
/// A positive text's best run is to reach one unit; every run of a negative
/// text is to stay below a small part of one.
package struct HeadTrainer {
    private static let unit = 1 << 20
    private static let drift = unit / 48
    private static let lowest = -unit / 6

    /// The sizes that differ between heads.
    package struct Pace: Sendable {
        /// The score that a run of a negative text may have.
        var allowed: Int
        /// The most that one word adds.
        var highest: Int
        /// The most by which one update changes a weight.
        var step: Int

        package static let ordinary = Pace(allowed: unit / 8, highest: unit / 3, step: unit / 300)
        /// For material in which harmless texts and attacks have most words in
        /// common: the other steps jump over what tells them apart.
        package static let fine = Pace(allowed: unit * 4 / 25, highest: unit * 3 / 10, step: unit / 1200)
    }

    private static let epochs = 8
    /// The fewest words that an update of a positive text is about.
    private static let fewestWords = 8
    /// Features of fewer texts get no weight.
    private static let rarest: UInt8 = 3

    private let table: FeatureTable
    private let pace: Pace
    private var weights = [Int32](repeating: 0, count: WordFeatures.count)
    /// The sum of all updates, each times the number of texts before it.
    private var weighted = [Int64](repeating: 0, count: WordFeatures.count)
    private var turns: Int64 = 1

    package init(_ table: FeatureTable, pace: Pace = .ordinary) {
        self.table = table
        self.pace = pace
    }

    /// Trains, and returns the head without thresholds, with its weights.
    package mutating func train(seed: UInt64) -> (head: FirstStageHead, weights: [Int8]) {
        let frequencies = table.frequencies()
        var chance = Chance(seed: seed)
        var order = Array(table.texts.indices)
        for _ in 0..<Self.epochs {
            chance.shuffle(&order)
            for number in order {
                let text = table.texts[number]
                if text.isPositive { learn(positive: text) } else { learn(negative: text) }
                turns += 1
            }
        }
        var averages = weights.indices.map { Int64(weights[$0]) - weighted[$0] / turns }
        for place in averages.indices where frequencies[place] < Self.rarest { averages[place] = 0 }
        return quantized(averages)
    }

    private func value(ofWord word: Int) -> Int {
        var sum = 0
        for place in table.features(of: word..<word + 1) { sum += Int(weights[Int(place)]) }
        return min(max(sum, Self.lowest), pace.highest) - Self.drift
    }

    private mutating func learn(positive text: FeatureTable.Text) {
        guard !text.core.isEmpty else { return }
        var (sum, start) = (0, text.core.lowerBound)
        var (best, run) = (Int.min, text.core.lowerBound..<text.core.lowerBound + 1)
        for word in text.core {
            if sum <= 0 { (sum, start) = (0, word) }
            sum += value(ofWord: word)
            if sum > best { (best, run) = (sum, start..<word + 1) }
        }
        guard best < Self.unit else { return }
        let missing = max(0, Self.fewestWords - run.count)
        let low = max(text.core.lowerBound, run.lowerBound - missing / 2)
        let high = min(text.core.upperBound, low + max(run.count, Self.fewestWords))
        update(low..<high, loss: Self.unit - best, up: true)
    }

    private mutating func learn(negative text: FeatureTable.Text) {
        var (sum, start) = (0, text.words.lowerBound)
        var (best, end) = (0, text.words.lowerBound)
        for word in text.words {
            sum += value(ofWord: word)
            if sum > best { (best, end) = (sum, word + 1) }
            guard sum <= 0 || word + 1 == text.words.upperBound else { continue }
            if best > pace.allowed { update(start..<end, loss: best - pace.allowed, up: false) }
            (sum, start, best, end) = (0, word + 1, 0, word + 1)
        }
    }

    private mutating func update(_ words: Range<Int>, loss: Int, up: Bool) {
        let features = table.features(of: words)
        guard !features.isEmpty else { return }
        let size = Int32(clamping: max(1, min(pace.step, loss / features.count)))
        for place in features {
            weights[Int(place)] &+= up ? size : -size
            weighted[Int(place)] &+= Int64(up ? size : -size) * turns
        }
    }

    /// Brings weights into the bounds of a character, and the other parameters
    /// with them.
    private func quantized(_ averages: [Int64]) -> (head: FirstStageHead, weights: [Int8]) {
        let sizes = averages.map(\.magnitude).filter { $0 > 0 }.sorted()
        let largest = sizes.isEmpty ? 1 : Int64(sizes[(sizes.count - 1) * 998 / 1000])
        let divisor = max(1, largest / 47)
        func scaled(_ value: Int64) -> Int64 {
            (abs(value) + divisor / 2) / divisor * value.signum()
        }
        let weights = averages.map { WeightsText.allowed(Int8(clamping: min(47, max(-47, scaled($0))))) }
        let head = FirstStageHead(
            lowest: Int32(clamping: scaled(Int64(Self.lowest))), highest: Int32(clamping: scaled(Int64(pace.highest))),
            drift: Int32(clamping: max(1, scaled(Int64(Self.drift)))))
        return (head, weights)
    }
}
