package import Conversation

/// The second stage of the cascade: a model of its own that reads windows of
/// text, and a score for each head.
///
/// Nothing here throws: a judgement that can't be made is a
/// ``SecondStageResult/failed(_:)``, which is never taken for harmless.
package protocol SecondStage: Sendable {
    /// The identity of all that judges: SHA-256, in hexadecimal digits, of the
    /// model's weights and of the heads. A part of the policy's digest.
    var digest: String { get }
    /// The heads that only flag: their scores alone neither block nor withhold.
    var advisory: Set<Head> { get }
    /// True while the model can be asked. Read for every request; cheap.
    var isReady: Bool { get }
    /// Scores windows, those first that were not scored before.
    ///
    /// - Parameters:
    ///   - windows: in the order in which they are worth a look, the most
    ///     suspect first. Windows that were seen before cost nothing; of the
    ///     others, the first ``SecondStageLimits/newWindows`` are scored.
    ///   - asker: the caller. Nothing is shared between two tenants, and the
    ///     queue is fair by key.
    func scores(of windows: [RankedWindow], for asker: SecondStageAsker, within terms: SecondStageTerms) async
        -> SecondStageResult
}

/// The terms of one question to the second stage.
package struct SecondStageTerms: Sendable, Hashable {
    /// The longest wait for the next score, also while the model's process is
    /// started again. A request with many windows is not late for having many,
    /// see ``JudgementQueue``.
    package var patience: Duration
    /// The longest time for all scores; nil is no limit.
    package var inAll: Duration?
    /// True where every window is scored, however many there are, and those
    /// that were passed over earlier, too.
    package var isWhole: Bool

    package init(patience: Duration, inAll: Duration? = nil, isWhole: Bool = false) {
        self.patience = patience
        self.inAll = inAll
        self.isWhole = isWhole
    }
}

/// One window of a block's text. The place in the list is its rank.
package struct RankedWindow: Sendable, Hashable {
    package var scope: PassageScope
    package var text: String
    /// The number of windows before it in the request or the answer, by which
    /// its threshold is chosen: the same on every later turn.
    package var place: Int

    package init(_ scope: PassageScope, _ text: String, place: Int) {
        self.scope = scope
        self.text = text
        self.place = place
    }

    package init(_ window: JudgedWindow) { self.init(window.scope, window.text, place: window.id) }
}

/// The caller on whose behalf windows are scored.
package struct SecondStageAsker: Sendable, Hashable {
    /// The tenant, or the key's id where it has none.
    package var tenant: String
    /// The key's id.
    package var key: String
    /// The policy in force: no score outlives it.
    package var policy: PolicyDigest

    package init(tenant: String, key: String, policy: PolicyDigest) {
        self.tenant = tenant
        self.key = key
        self.policy = policy
    }
}

/// Bounds of one request's judgement.
package enum SecondStageLimits {
    /// The most windows of one request that the model reads anew.
    package static let newWindows = Judgement.mostNewWindows
}

package enum SecondStageResult: Sendable, Hashable {
    case scored(SecondStageScores)
    case failed(SecondStageFailure)
}

/// The scores of one request's windows.
package struct SecondStageScores: Sendable, Hashable {
    /// One for each window, in the order of the question; nil for a window that
    /// the model has not seen.
    package var windows: [RelativeScores?]
    /// The number of windows that were seen now or earlier.
    package var seen = 0
    /// The number of those that had been seen before.
    package var cached = 0

    package init(windows: [RelativeScores?], seen: Int, cached: Int) {
        self.windows = windows
        self.seen = seen
        self.cached = cached
    }
}

/// The reason why the second stage has no scores. The raw value is the error
/// word of a verdict, for logs and metrics.
package enum SecondStageFailure: String, Sendable, Hashable, CaseIterable {
    /// The time was over: in the queue, while the model computed, or while its
    /// process was started again.
    case late
    /// The queue is full of other keys' requests: 503.
    case overloaded
    /// The key has more in the queue than its share: its own 429.
    case limited
    /// The model's process ended, and keeps ending.
    case crashed
    /// An answer that is no list of vectors of the right length, all finite.
    case malformed
    /// The weights are not those that were signed, or may not judge here.
    case refused
    /// The caller is gone.
    case cancelled
}

/// Scores of one window, by head: log-odds in 1/1024. They hold wherever the
/// window stands; ``EmbeddingHeads/relative(_:place:)`` compares them with
/// thresholds.
package struct HeadScores: Sendable, Hashable {
    package var attack: Int32
    package var injection: Int32
    package var harm: Int32
    package var output: Int32

    package init(attack: Int32, injection: Int32, harm: Int32, output: Int32) {
        self.attack = attack
        self.injection = injection
        self.harm = harm
        self.output = output
    }

    package subscript(head: Head) -> Int {
        switch head {
        case .attack: Int(attack)
        case .injection: Int(injection)
        case .harm: Int(harm)
        case .output: Int(output)
        }
    }
}
