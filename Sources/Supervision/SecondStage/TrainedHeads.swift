import Crypto
import Encodings

extension EmbeddingHeads {
    /// The heads that ship. Without any if their file was damaged, and then of
    /// a model that there is none of: nothing is judged by them.
    package static let trained = asTrained ?? EmbeddingHeads(weights: [:], model: "")

    /// SHA-256, in hexadecimal digits, of the model's digest and of all that
    /// the heads consist of.
    package var digest: String {
        var hash = SHA256()
        hash.update(data: Array("holdfast second stage\0\(model)\0".utf8))
        for head in Head.allCases {
            guard let weights = weights[head] else { continue }
            let numbers =
                weights.factors.map(String.init) + [String(weights.bias)] + weights.thresholds.map(String.init)
            let standing = advisory.contains(head) ? " only flags" : ""
            hash.update(data: Array("\(head.rawValue)\(standing) \(numbers.joined(separator: " "))\0".utf8))
        }
        return Hex.encode(hash.finalize())
    }
}
