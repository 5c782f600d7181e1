import Encodings

/// The heads over a window's vector: one linear classifier for each question,
/// in whole numbers, so that a vector has the same scores on every machine.
package struct EmbeddingHeads: Sendable {
    /// One linear classifier, and its thresholds.
    package struct Weights: Sendable, Hashable {
        /// In 1/1024.
        package var factors: [Int16]
        /// In 1/1024 of a log-odd.
        package var bias: Int32
        /// By the window's place: one for the first, one for the second, one
        /// for the next two, one for the next four, …; the last holds for all
        /// further. Of harmless requests, 1 % have a new window that reaches
        /// its threshold; and a window has the same one on every later turn.
        package var thresholds: [Int32]

        package init(factors: [Int16], bias: Int32, thresholds: [Int32]) {
            self.factors = factors
            self.bias = bias
            self.thresholds = thresholds
        }

        /// - Parameter text: As the training writes it: the factors as 384
        ///   signed 16-bit numbers in hexadecimal digits.
        /// - Returns: Nil where that is not what it is.
        package init?(hex text: StaticString, bias: Int32, thresholds: [Int32]) {
            guard let bytes = Hex.decode(text.description), bytes.count == EmbeddingVector.count * 2,
                !thresholds.isEmpty
            else {
                return nil
            }
            let factors = stride(from: 0, to: bytes.count, by: 2).map { place in
                Int16(bitPattern: UInt16(bytes[place]) << 8 | UInt16(bytes[place + 1]))
            }
            self.init(factors: factors, bias: bias, thresholds: thresholds)
        }

        func score(_ vector: EmbeddingVector) -> Int32 {
            var sum: Int64 = 0
            for (factor, value) in zip(factors, vector.values) { sum += Int64(factor) * Int64(value) }
            // Rounded towards minus infinity, as Python's shift does.
            return Int32(clamping: (sum >> 11) + Int64(bias))
        }

        func threshold(place: Int) -> Int32 {
            let step = Int.bitWidth - max(0, place).leadingZeroBitCount
            return thresholds[min(step, thresholds.count - 1)]
        }
    }

    package let weights: [Head: Weights]
    /// SHA-256, in hexadecimal digits, of the model file that the heads were
    /// trained on. With any other, their scores mean nothing.
    package let model: String
    /// The heads that only flag: in training they found too much in harmless
    /// texts of kinds that they had not seen.
    package let advisory: Set<Head>

    package init(weights: [Head: Weights], model: String, advisory: Set<Head> = []) {
        self.weights = weights
        self.model = model
        self.advisory = advisory
    }

    package func scores(_ vector: EmbeddingVector) -> HeadScores {
        func score(_ head: Head) -> Int32 { weights[head]?.score(vector) ?? Int32.min }
        return HeadScores(
            attack: score(.attack), injection: score(.injection), harm: score(.harm), output: score(.output))
    }

    /// Scores as parts of their thresholds, for a window behind so many others:
    /// 1 at the threshold, and twice as much where the odds are twice as high.
    package func relative(_ scores: HeadScores, place: Int) -> RelativeScores {
        var relative = RelativeScores()
        for (head, weights) in weights {
            // 1024 is one in the natural logarithm of odds; 709.78 doubles them.
            let steps = Double(scores[head] - Int(weights.threshold(place: place))) / 709.78
            relative[head] = Self.powerOfTwo(max(-20, min(20, steps)))
        }
        return relative
    }

    /// Two to a power, without a library whose last digit differs by machine.
    private static func powerOfTwo(_ power: Double) -> Double {
        let whole = power.rounded(.down)
        var term = 1.0
        var sum = 1.0
        for index in 1...18 {
            term *= (power - whole) * 0.6931471805599453 / Double(index)
            sum += term
        }
        return sum * Double(sign: .plus, exponent: Int(whole), significand: 1)
    }
}
