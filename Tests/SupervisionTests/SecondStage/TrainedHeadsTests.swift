import Supervision
import Testing

@Suite("The heads that ship")
struct TrainedHeadsTests {
    private let heads = EmbeddingHeads.trained

    @Test("there is one for each question, whole, with thresholds that go up")
    func whole() throws {
        #expect(heads.weights.count == Head.allCases.count)
        for head in Head.allCases {
            let weights = try #require(heads.weights[head])
            #expect(weights.factors.count == EmbeddingVector.count)
            #expect(weights.factors.contains { abs(Int($0)) > 1000 })
            #expect(!weights.thresholds.isEmpty && weights.thresholds == weights.thresholds.sorted())
            #expect(weights.thresholds[0] > 0, "more likely than not, at the least")
        }
    }

    @Test("they name the model file that they were trained on, and have an identity")
    func identity() {
        #expect(heads.model.count == 64 && heads.digest.count == 64)
        let other = EmbeddingHeads(weights: heads.weights, model: "another")
        var weights = heads.weights
        weights[.attack]?.bias += 1
        let changed = EmbeddingHeads(weights: weights, model: heads.model)
        #expect(Set([heads.digest, other.digest, changed.digest]).count == 3)
    }

    @Test("a window that says nothing reaches no threshold")
    func silent() throws {
        // The bias alone: a vector across all directions.
        let vector = try #require(
            EmbeddingVector((0..<384).map { $0.isMultiple(of: 2) ? 0.0005 : -0.0005 }))
        let relative = heads.relative(heads.scores(vector), place: 0)
        #expect(relative.highest < 1 && relative.areSound)
    }
}
