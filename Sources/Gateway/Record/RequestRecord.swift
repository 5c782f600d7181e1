import Access
package import Conversation
import Drills
import Encodings
import Failures
import NIOCore
import Routing

/// The record of a request's outcome, for the log and the metrics. Holds names,
/// numbers and times; never a key, a prompt or an answer.
///
/// An object, because it goes with the request through every suspension: as a
/// value, its copies took up the greater part of a stream's memory. It belongs
/// to the request's task.
package final class RequestRecord {
    package enum Outcome: String, Sendable, CaseIterable {
        /// Answered whole.
        case served
        /// Refused by Holdfast: the request's own fault.
        case refused
        /// Refused by the supervisor, or its answer was: as the policy wants,
        /// and no failure.
        case blocked
        /// Turned away by one of the key's limits.
        case limited
        /// The provider said no, and its no was passed on.
        case providerError = "provider_error"
        /// No usable answer from the provider.
        case failed
        /// The answer broke off after it had begun.
        case truncated
        /// The caller went away first.
        case callerGone = "caller_gone"
    }

    /// The drill's effect on the request.
    package struct Drill: Sendable {
        package var id: String
        /// The candidate that it pulls, as `provider/model`, or `supervisor`.
        var candidate: String
        /// When it came.
        var phase: DrillPhase
        /// When it was known that the candidate is pulled; nil if it didn't
        /// meet the drill.
        var pulled: NIODeadline?
        /// A stream that had told something was broken.
        var brokeStream = false
        /// When another candidate began to tell.
        var resumed: NIODeadline?

        init(_ rehearsal: Rehearsal) {
            id = rehearsal.order.id
            candidate = rehearsal.order.pulled
            phase = rehearsal.phase
        }
    }

    package var id: String
    package var operation: String
    package var door: DialectName
    package var keyID: String
    package var tenant: String?
    /// The session and the agent to which the caller said it belongs.
    package var marks: AgentMarks
    /// The conversation to which it belongs, where a route has several
    /// candidates and the caller says so.
    var conversation: ConversationKey?
    /// The candidate that its conversation has left with this request, and the
    /// price of that; nil where it hasn't.
    package var move: ConversationMove?
    /// The model that the caller named; cut to a reasonable length.
    package var requested = ""
    package var route: String?
    package var attempts: [AttemptRecord] = []
    /// Candidates that were passed over, each with the reason.
    package var skipped: [String] = []
    /// The candidate that should have served, where another does and the
    /// caller is to know.
    package var standsInFor: String?
    /// True when another candidate than the route's first one began the answer.
    package var isStandIn = false
    /// The custody receipt of the hosted model that answered, or went on last;
    /// nil where it is somebody else's.
    package var custody: String?
    /// The attempt that was heard first.
    package var begun: Int?
    /// The candidates that went on with it, in order.
    package var handOvers: [HandOver] = []
    /// The drill that ran on its route.
    package var drill: Drill?
    /// The candidates with which it took part in that drill; nil where none ran.
    var rehearsed: RouteChoice?
    /// The supervisor's part in it; nil where none stands over its route.
    package var supervision: SupervisionRecord?
    /// The permit of its last exchange, and the suspension that it met; nil
    /// where the gateway has no permits, or nothing was asked.
    package var permit: PermitRecord?
    /// The time spent waiting for a rate limit to pass.
    package var waited: Duration = .zero
    package var isStream = false
    /// The end of its answer was not sent: it could not be put on record.
    package var isWithheld = false
    /// The first piece of a stream came later than the route's objective.
    package var isLate = false
    /// The status that the caller saw.
    package var status = 0
    package var outcome = Outcome.failed
    /// Of all who have told a part of the answer.
    package var usage: Usage?
    /// The provider didn't say what the answer cost; ``usage`` is a guess
    /// from its size.
    package var usageIsEstimate = false
    /// From the request's arrival to the first byte of the answer's body.
    package var timeToFirstByte: Duration?
    package var duration: Duration = .zero
    package var requestBytes = 0
    /// Tokens of the key's limit that wait for what it really uses.
    var tokensSetAside = 0
    package var responseBytes = 0
    /// Advisory fields that were left behind.
    package var dropped: [String] = []
    /// The same for a header field: the first of them, each cut, and the number
    /// of those that aren't named.
    var disclosedDropped: String {
        let named = dropped.prefix(20).map { Printable.excerpt($0, 64) }
        let more = dropped.count - named.count
        return (named + (more > 0 ? ["\(more) more"] : [])).joined(separator: ", ")
    }

    /// False for one of many refusals that are only counted.
    package var isLogged = true
    /// True when the answer became too long for another candidate to continue
    /// it.
    package var isBeyondContinuation = false
    /// A word of what was wrong, for refusals and failures.
    package var reason: String?

    package init(_ call: Call) {
        id = call.id
        operation = call.operation.name
        door = call.door.name
        keyID = call.principal.id
        tenant = call.principal.record.tenant
        marks = call.marks
        requestBytes = call.body.readableBytes
    }

    /// Of a request that a door refused by its head.
    package init(refused id: String, operation: String, door: DialectName, keyID: String, problem: APIProblem) {
        self.id = id
        self.operation = operation
        self.door = door
        self.keyID = keyID
        marks = AgentMarks()
        status = problem.kind.status
        outcome = problem.kind == .limited ? .limited : .refused
        reason = problem.code ?? problem.message
    }

    /// The candidate that served, or began, the answer, as `provider/model`.
    package var servedBy: String? {
        begun.map { attempts[$0].upstream.id } ?? attempts.last?.upstream.id
    }

    /// The candidate that told the end of the answer.
    var lastServed: Upstream? {
        if let last = handOvers.last?.by { return attempts.last { $0.upstream.id == last }?.upstream }
        return begun.map { attempts[$0].upstream }
    }

    /// An attempt's answer, whatever its status, was a refusal.
    func noteRefusal(by attempt: Int) {
        if attempts.indices.contains(attempt) { attempts[attempt].cause = Cause.refused.rawValue }
        if supervision != nil, supervision?.providerRefusal == nil {
            supervision?.providerRefusal = Cause.refused.rawValue
        }
    }

    /// Adds what an attempt has cost.
    package func cost(_ cost: Usage, of attempt: Int, isEstimate: Bool = false) {
        if attempts.indices.contains(attempt) { attempts[attempt].usage = cost }
        usage = usage.map { $0 + cost } ?? cost
        usageIsEstimate = usageIsEstimate || isEstimate
    }
}

/// The destination of records: the request log. Must not block.
package protocol RequestRecorder: Sendable {
    func record(_ record: RequestRecord)
    /// Refusals that were not told of one by one.
    func record(_ refusals: RefusalSample.Summary)
}

extension RequestRecorder {
    package func record(_ refusals: RefusalSample.Summary) {}
}
