import Supervision

/// The features of many texts, word by word, in one table.
package struct FeatureTable: Sendable {
    package struct Text: Sendable {
        /// The text's words in ``FeatureTable/starts``, and those of its core.
        package var words: Range<Int>
        package var core: Range<Int>
        package var isPositive: Bool
    }

    package private(set) var texts: [Text] = []
    /// The place of each word's first feature, and one more at the end.
    package private(set) var starts: [Int32] = [0]
    package private(set) var places: [UInt32] = []
    /// The most words of a text that are learned from.
    private static let longest = 3000

    package init(_ examples: [TrainingExample]) {
        for example in examples { add(example) }
    }

    private mutating func add(_ example: TrainingExample) {
        var features = WordFeatures()
        var found: [Int] = []
        let first = starts.count - 1
        var marks: [Int] = []
        for part in [example.before, example.core, example.after] {
            for byte in CanonicalText.fold(part) + [0x20] {
                guard let word = features.stream.take(byte), starts.count - 1 - first < Self.longest else { continue }
                found.removeAll(keepingCapacity: true)
                features.features(of: word, grams: features.stream.grams, into: &found)
                features.take(word)
                places.append(contentsOf: found.lazy.map { UInt32($0) })
                starts.append(Int32(places.count))
            }
            marks.append(starts.count - 1)
        }
        guard starts.count - 1 > first else { return }
        texts.append(Text(words: first..<starts.count - 1, core: marks[0]..<marks[1], isPositive: example.isPositive))
    }

    package func features(of words: Range<Int>) -> ArraySlice<UInt32> {
        places[Int(starts[words.lowerBound])..<Int(starts[words.upperBound])]
    }

    /// The number of texts that each place has a feature in, at most 255.
    package func frequencies() -> [UInt8] {
        var count = [UInt8](repeating: 0, count: WordFeatures.count)
        var last = [Int32](repeating: -1, count: WordFeatures.count)
        for (number, text) in texts.enumerated() {
            for place in features(of: text.words) where last[Int(place)] != Int32(number) {
                last[Int(place)] = Int32(number)
                if count[Int(place)] < 255 { count[Int(place)] += 1 }
            }
        }
        return count
    }
}
