/// The hashed features of each word of a text: the word, its letters by four,
/// the pairs and triples that it ends, and the marks before it.
///
/// Features count where they appear, not each time: words and pairs that stood
/// among the last 512 words already have none, so that a repetitive log adds
/// nothing up. The memory of it has a fixed size.
package struct WordFeatures: Sendable {
    /// The number of the places that features are hashed to: 2¹⁸.
    package static let bits = 18
    package static let count = 1 << bits
    private static let memory: UInt32 = 512
    private static let slots = 1024

    package var stream = WordStream()
    /// The number of words so far.
    package private(set) var words: UInt32 = 0
    /// The number of those that count for the length.
    package private(set) var length = 0
    private var last: UInt32 = 1
    private var secondLast: UInt32 = 2
    private var lastGap: UInt32 = 0
    private var seen = [UInt64](repeating: 0, count: 2 * WordFeatures.slots)

    package init() {}

    /// Appends the places of a word's features, without taking the word.
    package func features(of word: WordStream.Word, grams: [UInt32], into places: inout [Int]) {
        if !isKnown(word.hash, 0) {
            places.append(Self.place(word.hash, 0, 1))
            for index in 0..<word.grams { places.append(Self.place(grams[index], 0, 2)) }
        }
        if !isKnown(Self.mix(last, word.hash, 3), Self.slots) {
            places.append(Self.place(last, word.hash, 3))
            places.append(Self.place(secondLast, word.hash, 4))
            places.append(Self.place(Self.mix(secondLast, last, 5), word.hash, 5))
            places.append(Self.place(word.gap, word.hash, 6))
            places.append(Self.place(lastGap, word.gap, 7))
        }
    }

    /// Takes a word, once its features have been read.
    package mutating func take(_ word: WordStream.Word) {
        note(word.hash, 0)
        note(Self.mix(last, word.hash, 3), Self.slots)
        (secondLast, last, lastGap) = (last, word.hash, word.gap)
        words &+= 1
        if word.counts { length += 1 }
    }

    private func isKnown(_ hash: UInt32, _ table: Int) -> Bool {
        let entry = seen[table + Int(hash >> 7) & (Self.slots - 1)]
        return entry != 0 && UInt32(truncatingIfNeeded: entry >> 32) == hash
            && words &- UInt32(truncatingIfNeeded: entry) < Self.memory
    }

    private mutating func note(_ hash: UInt32, _ table: Int) {
        seen[table + Int(hash >> 7) & (Self.slots - 1)] = UInt64(hash) << 32 | UInt64(words)
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
