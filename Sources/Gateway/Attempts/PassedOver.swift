import Conversation

/// The candidates that weren't asked, each with its reason: what a caller is
/// told when nobody is left.
struct PassedOver {
    /// They could serve, and can't take this request.
    private(set) var refusals: [APIProblem] = []
    /// They are out of service.
    private(set) var outages: [APIProblem] = []

    mutating func refuse(_ problem: APIProblem) { refusals.append(problem) }
    mutating func isOut(_ problem: APIProblem) { outages.append(problem) }

    /// Makes one answer out of all reasons: the kind of the first refusal,
    /// because the caller can change something about that, with the words of
    /// all.
    /// - Parameter others: The reasons why the other candidates can't serve, as
    ///   sentences.
    func problem(beside others: [String] = []) -> APIProblem? {
        guard let first = refusals.first else { return outages.first }
        return APIProblem(
            first.kind, sentences(beside: others), field: first.field, code: first.code, retryAfter: first.retryAfter)
    }

    /// The reasons of all, each once.
    func sentences(beside others: [String] = []) -> String {
        var sentences: [String] = []
        for sentence in refusals.map(\.message) + outages.map(\.message) + others where !sentences.contains(sentence) {
            sentences.append(sentence)
        }
        return sentences.joined(separator: " ")
    }
}
