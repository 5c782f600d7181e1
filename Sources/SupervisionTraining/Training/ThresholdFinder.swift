package import Supervision

/// The thresholds of a first stage, found on harmless requests that it hasn't
/// learned from.
package enum ThresholdFinder {
    /// The number of generated requests of each length.
    package static let requests = 500
    /// The most of a thousand requests of one length that may score higher.
    private static let permille = 5

    /// - Parameter rows: Those kept back from training, and those marked for
    ///   validation, are scored too.
    package static func thresholds(
        for stage: FirstStage, rows: [TrainingRow], seed: UInt64, requests: Int = requests
    ) -> [FirstStageHead] {
        var scores = [[FirstStageScores]](repeating: [], count: FirstStageHead.lengths)
        let grammar = HeadMaterial.grammar(rows, keptBack: true)
        var chance = Chance(seed: seed)
        for bucket in 0..<FirstStageHead.lengths {
            let words = 48 << bucket
            // Beyond 24,576 words a hundred say enough, and take as long.
            for _ in 0..<(bucket < 10 ? requests : requests / 5) {
                let request = HarmlessRequest.make(words: words * (50 + chance.below(75)) / 100, from: grammar, &chance)
                let found = request.scores(by: stage)
                scores[FirstStageHead.bucket(ofLength: found.length)].append(found)
            }
        }
        let kept = rows.filter { $0.kind == .benign && ($0.isValidation || $0.share < HeadMaterial.keptBack) }
        let single = kept.map { stage.assess(CanonicalText($0.text)) }
        let answers = rows.filter { $0.kind == .output && $0.isValidation && $0.label == 0 }
            .map { stage.assess(CanonicalText($0.text)) }
        return stage.heads.indices.map { index in
            var head = stage.heads[index]
            var floor: Int32 = max(1, head.highest)
            let rowsThreshold = highest(single.map { $0.peaks[index] }, permille: 10)
            floor = max(floor, rowsThreshold)
            if index == FirstStageScores.index(of: .output) {
                floor = max(floor, highest(answers.map { $0.peaks[index] }, permille: 10))
            }
            head.thresholds = scores.map { found in
                floor = max(floor, highest(found.map { $0.peaks[index] }, permille: permille))
                return floor
            }
            return head
        }
    }

    /// Returns the least threshold that at most so many of a thousand scores reach.
    package static func highest(_ scores: [Int32], permille: Int) -> Int32 {
        guard !scores.isEmpty else { return 1 }
        let sorted = scores.sorted(by: >)
        return min(sorted[sorted.count * permille / 1000], .max - 1) + 1
    }
}
