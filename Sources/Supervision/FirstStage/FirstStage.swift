/// The first stage of the cascade: a linear classifier over hashed n-grams,
/// with a head for each question.
///
/// The score of a text is the highest sum over a run of its words, where each
/// word adds its features' weights, within bounds, and takes a drift off: the
/// test of Page (Biometrika, 1954). So a hijacking sentence counts the same
/// alone and in a long document. All arithmetic is of whole numbers, and the
/// same on every machine.
///
/// A score says nothing without the length of the whole request, by which its
/// threshold rises: ``relative(_:_:requestLength:)``.
package struct FirstStage: Sendable {
    /// The one that ships, with the weights of `Weights`.
    package static let shared = FirstStage(
        heads: FirstStageRecord.heads,
        weights: [
            FirstStageRecord.attack, FirstStageRecord.injection, FirstStageRecord.harm, FirstStageRecord.output,
        ].map(FirstStage.decode))

    /// In the order of ``Head/allCases``.
    package let heads: [FirstStageHead]
    let table: [SIMD4<Int8>]
    let lowest: SIMD4<Int32>
    let highest: SIMD4<Int32>
    let drift: SIMD4<Int32>

    /// - Parameters:
    ///   - heads: Four, in the order of ``Head/allCases``.
    ///   - weights: For each head, one weight for each place of a feature;
    ///     those that are missing are 0.
    package init(heads: [FirstStageHead], weights: [[Int8]]) {
        self.heads = heads
        var table = [SIMD4<Int8>](repeating: .zero, count: WordFeatures.count)
        for (head, weights) in weights.prefix(4).enumerated() {
            for (place, weight) in weights.prefix(WordFeatures.count).enumerated() { table[place][head] = weight }
        }
        self.table = table
        var bounds = (SIMD4<Int32>.zero, SIMD4<Int32>.zero, SIMD4<Int32>.zero)
        for (index, head) in heads.prefix(4).enumerated() {
            bounds.0[index] = head.lowest
            bounds.1[index] = head.highest
            bounds.2[index] = head.drift
        }
        (lowest, highest, drift) = bounds
    }

    /// The SHA-256 of the parameters and the weights, in hexadecimal digits:
    /// part of the policy's digest.
    package static var digest: String { FirstStageRecord.digest }

    /// The SHA-256 of the reading of sample texts with which the weights were
    /// trained: a reading that has changed since makes them stale.
    package static var reading: String { FirstStageRecord.reading }

    /// Scores one text in its canonical views: the highest score counts.
    /// - Parameter isTurn: The text is a person's turn.
    package func assess(_ text: CanonicalText, isTurn: Bool = false) -> FirstStageScores {
        var scores = FirstStageScores()
        for view in text.views {
            scores.add(view: isTurn ? self.scores(ofTurn: view.text) : assess(view: view.text))
        }
        return scores
    }

    /// Scores one view of a person's turn: what it only mentions is no attack.
    package func scores(ofTurn view: [UInt8]) -> FirstStageScores {
        var scores = assess(view: view)
        let attack = FirstStageScores.index(of: .attack)
        if scores.peaks[attack] > 0, let outside = Mention.outside(view) {
            scores.peaks[attack] = min(scores.peaks[attack], assess(view: outside).peaks[attack])
        }
        return scores
    }

    /// Scores one view of any other text.
    package func assess(view: [UInt8]) -> FirstStageScores {
        var meter = FirstStageMeter(self)
        meter.append(utf8: view)
        return meter.scores
    }

    /// Scores one text as it stands, without its views.
    package func assess(plain text: String) -> FirstStageScores {
        var meter = FirstStageMeter(self)
        meter.append(text)
        return meter.scores
    }

    /// Returns a score as a part of its threshold: 1 is at the threshold, and
    /// 0 is the score of a text that says nothing.
    /// - Parameter requestLength: The words of all texts that are judged
    ///   together: of a whole request, or of an answer so far.
    /// - Parameter isRead: The text is a document or the result of a tool, and
    ///   nobody's turn.
    package func relative(
        _ head: Head, _ scores: FirstStageScores, requestLength: Int? = nil, isRead: Bool = false
    ) -> Double {
        let head = (FirstStageScores.index(of: head), scores[head])
        guard head.0 < heads.count else { return 0 }
        let threshold = max(
            1, heads[head.0].threshold(forLength: max(requestLength ?? 0, scores.length), isRead: isRead))
        return max(0, Double(head.1) / Double(threshold))
    }

    /// One character a weight, from the space for -47 to the tilde for 47.
    package static func decode(_ text: StaticString) -> [Int8] {
        text.withUTF8Buffer { $0.map { Int8(clamping: Int($0) - 0x4F) } }
    }

    /// The bytes that ``digest`` is the hash of.
    package var identity: [UInt8] {
        var bytes: [UInt8] = []
        for (index, head) in heads.enumerated() {
            for number in [head.lowest, head.highest, head.drift] + head.thresholds + head.thresholdsOfRead {
                withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
            }
            for weights in table { bytes.append(UInt8(bitPattern: weights[index])) }
        }
        return bytes
    }
}
