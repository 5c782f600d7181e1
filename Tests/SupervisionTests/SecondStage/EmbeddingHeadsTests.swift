import Supervision
import Testing

@Suite("Heads over vectors")
struct EmbeddingHeadsTests {
    private static let unit = [1.0] + Array(repeating: 0.0, count: 383)

    private func heads(bias: Int32 = 0, thresholds: [Int32] = [1024, 2048, 3072]) -> EmbeddingHeads {
        var factors = Array(repeating: Int16(0), count: 384)
        factors[0] = 3000
        factors[1] = -5
        return EmbeddingHeads(
            weights: [.attack: .init(factors: factors, bias: bias, thresholds: thresholds)], model: "")
    }

    @Test("anything but a whole vector of numbers is refused")
    func malformed() {
        #expect(EmbeddingVector(Self.unit) != nil)
        #expect(EmbeddingVector(Array(repeating: 0.1, count: 383)) == nil)
        #expect(EmbeddingVector(Array(repeating: 0.1, count: 385)) == nil)
        #expect(EmbeddingVector([]) == nil)
        #expect(EmbeddingVector(Array(repeating: 0.0, count: 384)) == nil)
        for broken in [Double.nan, .infinity, -.infinity, 1.5, -1e300] {
            var numbers = Self.unit
            numbers[7] = broken
            #expect(EmbeddingVector(numbers) == nil)
        }
    }

    @Test("a score is a sum of whole numbers, rounded down")
    func score() throws {
        let one = try #require(EmbeddingVector(Self.unit))
        #expect(heads().scores(one).attack == 3000)
        #expect(heads(bias: -7).scores(one).attack == 2993)
        // -5 · 2048 · 0.3 / 2048, rounded down
        let other = try #require(EmbeddingVector([0, 0.3] + Array(repeating: 0.0, count: 382)))
        #expect(heads().scores(other).attack == -2)
    }

    @Test("a head that there is none of finds nothing")
    func missing() throws {
        let scores = heads().scores(try #require(EmbeddingVector(Self.unit)))
        let relative = heads().relative(scores, place: 0)
        #expect(relative.harm == 0 && relative.output == 0)
        #expect(relative.areSound)
    }

    @Test(
        "thresholds go up with the place, and the last one holds for all further",
        arguments: [
            (0, 1024), (1, 2048), (2, 3072), (3, 3072), (500, 3072), (Int.max, 3072), (-1, 1024),
        ])
    func thresholds(_ place: Int, _ threshold: Int) {
        let at = HeadScores(attack: Int32(threshold), injection: 0, harm: 0, output: 0)
        #expect(abs(heads().relative(at, place: place).attack - 1) < 1e-12)
        let below = HeadScores(attack: Int32(threshold - 1), injection: 0, harm: 0, output: 0)
        #expect(heads().relative(below, place: place).attack < 1)
    }

    @Test("twice the odds are twice the strength, and nothing overflows")
    func strength() {
        func strength(_ score: Int32) -> Double {
            heads(thresholds: [0]).relative(
                HeadScores(attack: score, injection: 0, harm: 0, output: 0), place: 0
            ).attack
        }
        #expect(abs(strength(710) - 2) < 0.001 && abs(strength(-710) - 0.5) < 0.001)
        #expect(strength(.max).isFinite && strength(.min) > 0)
    }
}
