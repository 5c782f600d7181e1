import Conversation

/// The candidates that weren't asked, each with its reason: what a caller is
/// told when nobody is left.
struct PassedOver {
    /// They could serve, and can't take this request.
    private(set) var refusals: [Problem] = []
    /// They are out of service.
    private(set) var outages: [Problem] = []

    mutating func refuse(_ problem: Problem) { refusals.append(problem) }
    mutating func isOut(_ problem: Problem) { outages.append(problem) }

    /// Makes one answer out of all reasons: the kind of the first refusal,
    /// because the caller can change something about that, with the words of
    /// all.
    /// - Parameter others: The reasons why the other candidates can't serve, as
    ///   sentences.
    func problem(beside others: [String] = []) -> Problem? {
        guard let first = refusals.first else { return outages.first }
        return Problem(
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
