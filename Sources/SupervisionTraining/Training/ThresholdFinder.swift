package import Supervision

/// The thresholds of a first stage, found on harmless requests that it hasn't
/// learned from.
package enum ThresholdFinder {
    /// The number of generated requests of each length.
    package static let requests = 400
    /// Raises a threshold: pages and sessions elsewhere
    /// differ from ours more than ours do from each other.
    private static func raised(_ threshold: Int32, _ head: Head, isRead: Bool) -> Int32 {
        threshold + max(0, threshold / (isRead && head == .attack ? 4 : 8))
    }
    /// The number of lengths whose requests are made one by one. Longer ones
    /// are put together of rounds that were scored once: a request's score is
    /// the highest of its texts.
    private static let longestMade = 5
    /// The lengths up to which files are put together of pieces: to 8,192 words.
    private static let longestFile = 8
    /// The most of a thousand requests of one length that may score higher.
    private static let permille = 5
    /// The most of a thousand kept-back instructions that may score higher.
    private static let permilleOfInstructions = 10

    /// - Parameter rows: Those kept back from training, and those marked for
    ///   validation, are scored too.
    package static func thresholds(
        for stage: FirstStage, rows: [TrainingRow], seed: UInt64, requests: Int = requests
    ) -> [FirstStageHead] {
        let scores = generated(stage, rows, seed, requests)
        let kept = rows.filter { $0.kind == .benign && ($0.isValidation || $0.isKeptBack) }
        let asks = kept.filter { !$0.isDocument && !$0.isInstruction }.map { stage.assess(CanonicalText($0.text)) }
        let instructions = kept.filter(\.isInstruction).map { stage.assess(CanonicalText($0.text)) }
        let pages = files(
            of: kept.filter(\.isDocument).map { row in
                var scores = HarmlessRequest.Scores()
                scores.add(stage.assess(CanonicalText(row.text)), from: .result)
                return scores
            }, seed, requests)
        let answers = rows.filter { $0.kind == .output && $0.isValidation && $0.label == 0 }
            .map { stage.assess(CanonicalText($0.text)) }
        return Head.allCases.map { name in
            let index = FirstStageScores.index(of: name)
            var head = stage.heads[index]
            // No single word reaches a threshold.
            let least = max(1, head.highest)
            var turns = max(least, highest(asks.map { $0.peaks[index] }, permille: 10))
            if name == .attack {
                turns = max(turns, highest(instructions.map { $0.peaks[index] }, permille: permilleOfInstructions))
            }
            if name == .output { turns = max(turns, highest(answers.map { $0.peaks[index] }, permille: 10)) }
            head.thresholds = curve(from: turns, scores.map { $0.map(\.turns.peaks[index]) }) {
                raised($0, name, isRead: false)
            }
            // A short page that asks its readers for something is no order to a
            // model: the least is three quarters of what people's turns may score.
            let leastRead = name == .injection ? turns / 4 * 3 : least
            let ofRequests = curve(from: leastRead, scores.map { $0.map(\.read.peaks[index]) }) {
                raised($0, name, isRead: true)
            }
            // Real pages need no margin for what is made up.
            let ofPages = curve(from: least, pages.map { $0.map(\.read.peaks[index]) }) { $0 }
            head.thresholdsOfRead = zip(ofRequests, ofPages).map(max)
            return head
        }
    }

    private static func curve(
        from least: Int32, _ scores: [[Int32]], _ raised: (Int32) -> Int32
    ) -> [Int32] {
        var floor = least
        return scores.map { found in
            floor = max(floor, raised(highest(found, permille: permille)))
            return floor
        }
    }

    /// Real pieces of files by length, and files of many of them: the score of a
    /// file is the highest of its pieces.
    private static func files(
        of pieces: [HarmlessRequest.Scores], _ seed: UInt64, _ requests: Int
    ) -> [[HarmlessRequest.Scores]] {
        var sorted = byLength(pieces)
        let pieces = pieces.filter { $0.length > 0 }
        guard !pieces.isEmpty else { return sorted }
        var chance = Chance(seed: seed &+ 1)
        for bucket in longestMade..<longestFile {
            for _ in 0..<requests {
                var found = HarmlessRequest.Scores()
                while found.length < 48 << bucket { found.add(chance.pick(pieces)) }
                sorted[bucket].append(found)
            }
        }
        return sorted
    }

    private static func byLength(_ scores: [HarmlessRequest.Scores]) -> [[HarmlessRequest.Scores]] {
        var sorted = [[HarmlessRequest.Scores]](repeating: [], count: FirstStageHead.lengths)
        for found in scores { sorted[FirstStageHead.bucket(ofLength: found.length)].append(found) }
        return sorted
    }

    private static func generated(
        _ stage: FirstStage, _ rows: [TrainingRow], _ seed: UInt64, _ requests: Int
    ) -> [[HarmlessRequest.Scores]] {
        var scores: [HarmlessRequest.Scores] = []
        let grammar = HeadMaterial.grammar(rows, keptBack: true)
        var chance = Chance(seed: seed)
        for bucket in 0..<longestMade {
            for _ in 0..<requests {
                let words = (48 << bucket) * (50 + chance.below(75)) / 100
                scores.append(HarmlessRequest.make(words: words, from: grammar, &chance).scores(by: stage))
            }
        }
        let rounds = (0..<8 * requests)
            .map { _ in HarmlessRequest.round(from: grammar, &chance).scores(by: stage) }
            .filter { $0.length > 0 }
        for bucket in longestMade..<FirstStageHead.lengths where !rounds.isEmpty {
            for _ in 0..<requests {
                let words = (48 << bucket) * (50 + chance.below(75)) / 100
                var found = HarmlessRequest.Scores()
                while found.length < words { found.add(chance.pick(rounds)) }
                scores.append(found)
            }
        }
        return byLength(scores)
    }

    /// Returns the least threshold that at most so many of a thousand scores reach.
    package static func highest(_ scores: [Int32], permille: Int) -> Int32 {
        guard !scores.isEmpty else { return 1 }
        let sorted = scores.sorted(by: >)
        return min(sorted[sorted.count * permille / 1000], .max - 1) + 1
    }
}
