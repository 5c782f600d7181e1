/// The score of a text that arrives piece by piece.
///
/// The cost is linear in the new text, and the memory fixed. A text that is
/// cut at other places, between scalars, gets the same score at the same
/// place, and one that goes on over several messages is scored across them.
package struct FirstStageMeter: Sendable {
    private let stage: FirstStage
    private var features = WordFeatures()
    private var sums = SIMD4<Int32>.zero
    private var peaks = SIMD4<Int32>(repeating: .min)
    private var places: [Int] = []

    package init(_ stage: FirstStage = .shared) { self.stage = stage }

    package mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(utf8: $0) }
    }

    /// Appends the UTF-8 of a text, whole scalars or not.
    package mutating func append(utf8 bytes: some Sequence<UInt8>) {
        for byte in bytes {
            guard let word = features.stream.take(byte) else { continue }
            take(word)
        }
    }

    /// Ends a word that has no end yet: the next text is of another block.
    package mutating func endBlock() {
        if let word = features.stream.endBlock() { take(word) }
    }

    /// The scores of the text so far, as if it ended here.
    package var scores: FirstStageScores {
        var scores = FirstStageScores(peaks: peaks, length: features.length)
        guard let (word, grams) = features.stream.pending() else { return scores }
        var places: [Int] = []
        features.features(of: word, grams: grams, into: &places)
        scores.peaks = pointwiseMax(peaks, advanced(by: places))
        if word.counts { scores.length += 1 }
        return scores
    }

    /// The highest scores of a passage that goes on in this meter's text, and
    /// begins now: forgets the peaks, not the words.
    package mutating func beginPassage() { peaks = SIMD4(repeating: .min) }

    private mutating func take(_ word: WordStream.Word) {
        places.removeAll(keepingCapacity: true)
        features.features(of: word, grams: features.stream.grams, into: &places)
        features.take(word)
        let sum = advanced(by: places)
        peaks = pointwiseMax(peaks, sum)
        sums = pointwiseMax(sum, .zero)
    }

    private func advanced(by places: [Int]) -> SIMD4<Int32> {
        var added = SIMD4<Int32>.zero
        for place in places { added &+= SIMD4<Int32>(truncatingIfNeeded: stage.table[place]) }
        added.clamp(lowerBound: stage.lowest, upperBound: stage.highest)
        let sum = sums &+ added &- stage.drift
        // Far from the end of Int32 for texts of any length.
        return pointwiseMin(sum, SIMD4(repeating: 1 << 30))
    }
}
