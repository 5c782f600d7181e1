/// What it takes to recover a model's last layer, up to a change of basis,
/// from what is told of its logits.
///
/// A model of hidden size h writes its logits, one for each word of its
/// vocabulary, as h numbers times a matrix that is always the same. Who has
/// some more than h answers, and of each of them some more than h logits of
/// the same tokens, finds h by a singular value decomposition, and then the
/// matrix. With a bias that lifts any K tokens into the list, an answer gives
/// K - 1 new values: (h + 4)² / (K - 1) answers in all.
///
/// Carlini et al. 2024, Stealing Part of a Production Language Model,
/// https://arxiv.org/abs/2403.06634
package struct RecoveryCost: Sendable, Hashable {
    /// Where a model's own isn't known: less than language models in use have,
    /// so that the cost is not taken for more than it is.
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
