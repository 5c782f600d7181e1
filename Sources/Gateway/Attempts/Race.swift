/// Several attempts at one answer: who has something to say first tells it,
/// and the others are ended.
///
/// The first runs in the request's own task, the one beside it in a task of
/// its own, on the same event loop, to which all of this belongs. It holds on
/// to its attempts, and they to it, until ``dissolve()``.
final class Race {
    enum Kind: Sendable {
        /// The first was slower than usual, and the route wants to be quick.
        case hedge
        /// The first said nothing for too long.
        case rescue
    }

    let kind: Kind
    let first: ActiveAttempt
    /// The one beside the first; nil once it has failed while the first might
    /// still answer.
    private(set) var second: ActiveAttempt?
    private(set) var task: Task<AttemptOutcome, Never>?
    private(set) var winner: ActiveAttempt?
    /// The first is over: what becomes of the other is for it to conclude.
    var isFirstOver = false

    init(_ kind: Kind, _ first: ActiveAttempt) {
        self.kind = kind
        self.first = first
        first.race = self
    }

    /// True when no second attempt runs beside the first, and one may begin.
    var isOpen: Bool { second == nil && winner == nil && !isFirstOver }

    func enter(_ second: ActiveAttempt, _ task: Task<AttemptOutcome, Never>) {
        self.second = second
        self.task = task
        second.race = self
    }

    /// The second has failed, and others may be asked.
    func leave() {
        second?.race = nil
        (second, task) = (nil, nil)
    }

    /// - Returns: True when this attempt is the one that sends the answer.
    func claim(_ attempt: ActiveAttempt) -> Bool {
        guard winner == nil else { return winner === attempt }
        winner = attempt
        if attempt === first { task?.cancel() } else { first.ending?.end() }
        return true
    }

    func dissolve() {
        leave()
        first.race = nil
    }
}
