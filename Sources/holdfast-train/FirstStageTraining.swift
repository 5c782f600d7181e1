import Crypto
import Encodings
import Supervision
import SupervisionTraining

/// One training of all heads: the same rows and seed give the same weights, bit for bit.
struct FirstStageTraining {
    var seed: UInt64 = 18
    /// Rows of these sources are left out of training.
    var leftOut: Set<String> = []
    var heads = Head.allCases

    struct Result {
        var stage: FirstStage
        var weights: [[Int8]]
        var digest: String
        /// The SHA-256 of the reading of sample texts.
        let reading = Hex.encode(SHA256.hash(data: ReadingSamples.identity))
    }

    func run(_ data: TrainingData, thresholds requests: Int = ThresholdFinder.requests) -> Result {
        let rows = data.rows.filter { !leftOut.contains($0.source) }
        var trained: [(head: FirstStageHead, weights: [Int8])] = []
        for head in Head.allCases {
            guard heads.contains(head) else {
                trained.append((FirstStageHead(lowest: -1, highest: 1, drift: 1), []))
                continue
            }
            let material = HeadMaterial(head, rows: rows, seed: seed)
            var trainer = HeadTrainer(FeatureTable(material.examples), pace: head == .attack ? .fine : .ordinary)
            trained.append(trainer.train(seed: seed))
            complain("\(head.rawValue): trained on \(material.examples.count) texts")
        }
        let weights = trained.map(\.weights)
        let unset = FirstStage(heads: trained.map(\.head), weights: weights)
        let heads = ThresholdFinder.thresholds(for: unset, rows: rows, seed: seed &+ 1000, requests: requests)
        let stage = FirstStage(heads: heads, weights: weights)
        return Result(stage: stage, weights: weights, digest: Hex.encode(SHA256.hash(data: stage.identity)))
    }
}
