/// The hashed features of each word of a text: the word, its letters by four,
/// the pairs and triples that it ends, and the marks before it.
///
/// Features count where they appear, not each time: words and pairs that stood
/// among the last 64 words already have none, so that a repetitive log adds
/// nothing up. The memory is no longer, or an attack's words could be made
/// harmless by scattering them before it.
package struct WordFeatures: Sendable {
    /// The number of the places that features are hashed to: 2¹⁸.
    package static let bits = 18
    package static let count = 1 << bits
    private static let memory = 64

    package var stream = WordStream()
    private var words: UInt32 = 0
    /// The number of those that count for the length.
    package private(set) var length = 0
    private var last: UInt32 = 1
    private var secondLast: UInt32 = 2
    private var lastGap: UInt32 = 0
    private var recentWords = [UInt32](repeating: 0, count: WordFeatures.memory)
    private var recentPairs = [UInt32](repeating: 0, count: WordFeatures.memory)

    package init() {}

    /// Appends the places of a word's features, without taking the word.
    package func features(of word: WordStream.Word, grams: [UInt32], into places: inout [Int]) {
        if !recentWords.contains(word.hash) {
            places.append(Self.place(word.hash, 0, 1))
            for index in 0..<word.grams { places.append(Self.place(grams[index], 0, 2)) }
        }
        if !recentPairs.contains(Self.mix(last, word.hash, 3)) {
            places.append(Self.place(last, word.hash, 3))
            places.append(Self.place(secondLast, word.hash, 4))
            places.append(Self.place(Self.mix(secondLast, last, 5), word.hash, 5))
            places.append(Self.place(word.gap, word.hash, 6))
            places.append(Self.place(lastGap, word.gap, 7))
        }
    }

    /// Takes a word, once its features have been read.
    package mutating func take(_ word: WordStream.Word) {
        let slot = Int(words % UInt32(Self.memory))
        recentWords[slot] = word.hash
        recentPairs[slot] = Self.mix(last, word.hash, 3)
        (secondLast, last, lastGap) = (last, word.hash, word.gap)
        words &+= 1
        if word.counts { length += 1 }
    }

    private static func mix(_ first: UInt32, _ second: UInt32, _ kind: UInt32) -> UInt32 {
        var value = (first ^ kind &* 0x9E37_79B9) &* 0x85EB_CA6B
        value = (value ^ value >> 15 ^ second) &* 0xC2B2_AE35
        value = (value ^ value >> 13) &* 0x27D4_EB2F
        return value ^ value >> 16
    }

    private static func place(_ first: UInt32, _ second: UInt32, _ kind: UInt32) -> Int {
        Int(mix(first, second, kind) >> (32 - UInt32(bits)))
    }
}
