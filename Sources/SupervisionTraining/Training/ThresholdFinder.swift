package import Supervision

/// The thresholds of a first stage, found on harmless requests that it hasn't
/// learned from.
package enum ThresholdFinder {
    /// The number of generated requests of each length.
    package static let requests = 400
    /// The number of lengths whose requests are made one by one. Longer ones
    /// are put together of rounds that were scored once: a request's score is
    /// the highest of its texts.
    private static let longestMade = 5
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
        for bucket in 0..<longestMade {
            for _ in 0..<requests {
                let words = (48 << bucket) * (50 + chance.below(75)) / 100
                let found = HarmlessRequest.make(words: words, from: grammar, &chance).scores(by: stage)
                scores[FirstStageHead.bucket(ofLength: found.length)].append(found)
            }
        }
        let rounds = (0..<8 * requests).map { _ in
            HarmlessRequest.round(from: grammar, &chance).scores(by: stage)
        }
        for bucket in longestMade..<FirstStageHead.lengths where !rounds.isEmpty {
            for _ in 0..<requests {
                let words = (48 << bucket) * (50 + chance.below(75)) / 100
                var found = FirstStageScores()
                while found.length < words { found.add(chance.pick(rounds)) }
                scores[FirstStageHead.bucket(ofLength: found.length)].append(found)
            }
        }
        let kept = rows.filter { $0.kind == .benign && ($0.isValidation || $0.isKeptBack) }
        let single = kept.filter { !$0.isDocument }.map { stage.assess(CanonicalText($0.text)) }
        for row in kept where row.isDocument {
            var found = stage.assess(CanonicalText(row.text))
            found.peaks[FirstStageScores.index(of: .harm)] = .min
            found.peaks[FirstStageScores.index(of: .output)] = .min
            scores[FirstStageHead.bucket(ofLength: found.length)].append(found)
        }
        let answers = rows.filter { $0.kind == .output && $0.isValidation && $0.label == 0 }
            .map { stage.assess(CanonicalText($0.text)) }
        return stage.heads.indices.map { index in
            var head = stage.heads[index]
            var floor: Int32 = max(1, head.highest)
            // A person's words are no place of injections.
            if index != FirstStageScores.index(of: .injection) {
                floor = max(floor, highest(single.map { $0.peaks[index] }, permille: 10))
            }
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
