import Routing
package import Conversation
import Failures

/// One try at one candidate.
package struct AttemptRecord: Sendable {
    package let upstream: Upstream
    /// The reason for sending it while another one was under way; nil where none
    /// was.
    let beside: Race.Kind?
    package var isHedge: Bool { beside == .hedge }
    /// Sent because another one said nothing.
    package var isRescue: Bool { beside == .rescue }
    /// The provider's status, nil where no answer came.
    package var status: Int?
    /// The failure of the attempt, in a word; nil if there was none.
    package var failure: String?
    /// The cause of that failure (``Failures/Cause``), and the rule that
    /// found it.
    package var cause: String?
    package var rule: String?
    /// The usage that this candidate charges for; nil where it sent
    /// nothing.
    package var usage: Usage?
    /// The cost of a rescue: what the one of two cost that was not heard.
    package var unheard: Usage?

    /// True when the attempt was ended because another one beside it had
    /// the first word.
    package var isLost: Bool { failure == Self.lostHedge || failure == Self.overtaken }
    static let lostHedge = "hedge_lost"
    static let overtaken = "overtaken"
    /// Ended by a suspension, which is no failure of the candidate.
    static let suspended = "suspended"

    package var provider: String { upstream.candidate.provider }
    package var model: String { upstream.candidate.model }

    init(_ upstream: Upstream, beside: Race.Kind? = nil) {
        self.upstream = upstream
        self.beside = beside
    }
}
