/// The cost of recovering a model's last layer, up to a change of basis, from
/// published values of its logits.
///
/// A model of hidden size h computes its logits, one for each word of its
/// vocabulary, as h numbers times a matrix that is always the same. With
/// somewhat more than h answers, and somewhat more than h logits of the same
/// tokens in each of them, a singular value decomposition gives h, and then the
/// matrix. With a bias that lifts any K tokens into the list, an answer gives K
/// - 1 new values: (h + 4)² / (K - 1) answers in all.
///
/// Carlini et al. 2024, Stealing Part of a Production Language Model,
/// https://arxiv.org/abs/2403.06634
package struct RecoveryCost: Sendable, Hashable {
    /// The hidden size for models whose own isn't known: smaller than that of
    /// language models in use, so that the cost is never overestimated.
    package static let assumedHiddenSize = 512

    package let hiddenSize: Int

    package init(hiddenSize: Int?) { self.hiddenSize = max(1, min(hiddenSize ?? Self.assumedHiddenSize, 1 << 24)) }

    /// Values of logits that have to be learnt.
    package var values: Int { (hiddenSize + 4) * (hiddenSize + 4) }

    /// Answered tokens that have to be seen, K values of logits with each.
    package func answers(of values: Int) -> Int {
        let each = max(1, values - 1)
        return (self.values + each - 1) / each
    }

    /// A part of the values, at least one.
    package func values(part: Double) -> Int { max(1, Int(Double(values) * max(0, min(1, part)))) }
}
