import Seeded
import Supervision
import Testing

@Suite struct FoldingTests {
    private static func digest(_ texts: some Sequence<[UInt8]>) -> UInt64 {
        var value: UInt64 = 0xCBF2_9CE4_8422_2325
        for text in texts {
            for byte in text { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
            value = (value ^ 0xFF) &* 0x100_0000_01B3
        }
        return value
    }

    private static func folded(_ scalars: [Unicode.Scalar]) -> [UInt8] {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return CompatibilityFolding.fold(view)
    }

    @Test("every scalar folds as Python's unicodedata does")
    func everyScalar() {
        #expect(FoldingDigests.blocks.count == 0x110000 / 4096)
        for (block, expected) in FoldingDigests.blocks.enumerated() {
            let scalars = (UInt32(block) * 4096..<UInt32(block + 1) * 4096).compactMap(Unicode.Scalar.init)
            let found = Self.digest(scalars.lazy.map { Self.folded([$0]) })
            #expect(found == expected, "U+\(String(block * 4096, radix: 16)) and on")
        }
    }

    @Test("marks are ordered and composed as Python's unicodedata does")
    func sequences() {
        var chance = SplitMix(seed: FoldingDigests.seed)
        func below(_ count: UInt64) -> UInt64 { chance.next() % count }
        for (number, expected) in FoldingDigests.sequences.enumerated() {
            let texts = (0..<FoldingDigests.sequencesADigest).map { _ in
                let count = 2 + below(7)
                return Self.folded(
                    (0..<count).compactMap { _ in
                        let pool = FoldingDigests.pools[Int(below(UInt64(FoldingDigests.pools.count)))]
                        return Unicode.Scalar(pool.0 + UInt32(below(pool.1)))
                    })
            }
            #expect(Self.digest(texts) == expected, "digest \(number)")
        }
    }
}
