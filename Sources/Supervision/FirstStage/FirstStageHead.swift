/// The parameters of one head, as its training fixed them.
package struct FirstStageHead: Sendable, Hashable {
    /// The bounds of a word's sum: one word alone proves nothing, and friendly
    /// words around an attack can't outweigh it.
    package var lowest: Int32
    package var highest: Int32
    /// The amount that each word takes off, so that a sum doesn't grow with the
    /// length of a text that says nothing.
    package var drift: Int32
    /// The thresholds by length: the first holds up to 64 words, each further
    /// one up to twice as many, the last for all that is longer. They rise.
    package var thresholds: [Int32]
    /// The same for texts that are read: pages, files and results of tools have
    /// more words that look like orders than people's words have.
    package var thresholdsOfRead: [Int32]

    package init(
        lowest: Int32, highest: Int32, drift: Int32, thresholds: [Int32] = [], thresholdsOfRead: [Int32] = []
    ) {
        self.lowest = lowest
        self.highest = highest
        self.drift = drift
        self.thresholds = thresholds
        self.thresholdsOfRead = thresholdsOfRead
    }

    /// The number of thresholds: the last but one holds to 65,536 words.
    package static let lengths = 12

    /// The place of a length among the thresholds.
    package static func bucket(ofLength words: Int) -> Int {
        var (bucket, limit) = (0, 64)
        while words > limit, bucket < lengths - 1 {
            bucket += 1
            limit *= 2
        }
        return bucket
    }

    /// The threshold for a request of so many words in all.
    package func threshold(forLength words: Int, isRead: Bool) -> Int32 {
        let thresholds = isRead ? thresholdsOfRead : thresholds
        guard !thresholds.isEmpty else { return .max }
        return thresholds[min(Self.bucket(ofLength: words), thresholds.count - 1)]
    }
}
