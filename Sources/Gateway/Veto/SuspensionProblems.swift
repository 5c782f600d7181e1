import Conversation
import Encodings
import Veto

/// The subject that a caller asked for and is refused.
enum SuspendedSubject {
    case candidate(String)
    /// - Parameter route: Nil where the caller named a provider.
    case request(key: String, route: String?)
}

extension SuspensionOrder {
    /// Returns what a caller is told: the suspension's id, and what to do. Of
    /// the reason only what is public; never another key, nor evidence.
    /// - Parameter now: In seconds since 1970.
    func problem(for subject: SuspendedSubject, now: Int) -> APIProblem {
        guard !isRevocation else { return .revokedMeanwhile }
        let what: String
        let remedy: String
        switch subject {
        case .candidate(let id):
            what = "\(id) is suspended"
            remedy = "Ask for another model or route"
        case .request(let key, let route?) where !suspension.scopes.contains(.key(key)):
            what = "The route \"\(route)\" is suspended"
            remedy = "Ask for another route"
        case .request:
            what = "Your key is suspended"
            remedy = "Ask whoever gave it to you"
        }
        let reason = suspension.reason
        let why = reason.isPublic ? ": \(Printable.excerpt(reason.text, 400))" : ""
        let share = if case .halfOpen = phase { " for most requests, while its return is tried" } else { "" }
        var problem = APIProblem(
            .unavailable,
            "\(what) by this Holdfast (\(id))\(share)\(why). \(remedy); whoever runs this Holdfast sees more in "
                + "`holdfast veto show \(id)`.", code: APIProblem.suspendedCode, retryAfter: wait(from: now))
        problem.suspension = id
        return problem
    }

    /// Seconds until it may end by itself; nil where only people end it.
    private func wait(from now: Int) -> Int? {
        guard let expires = suspension.expires else { return nil }
        let (left, isOver) = expires.subtractingReportingOverflow(now)
        return isOver ? nil : max(1, left)
    }
}

extension APIProblem {
    static let suspendedCode = "suspended"

    /// As a new request with that key is told.
    static let revokedMeanwhile = APIProblem(
        .unauthenticated, "This API key has been revoked, and what ran with it is ended. Ask for a new one.",
        code: "invalid_api_key")
}

/// The permit of a request's last exchange, and the suspension that it met.
package struct PermitRecord: Sendable, Hashable {
    /// The candidate that was asked last, as `provider/model`; nil where none
    /// was.
    package var candidate: String?
    /// The tick at which that was allowed, in nanoseconds of CLOCK_BOOTTIME.
    package var tick: UInt64 = 0
    /// The suspension that refused the request, passed a candidate over, or
    /// ended an exchange; the last one, as `S12`.
    package var suspension: String?
    /// True where it keeps the route's first candidate from serving, so that
    /// another stands in.
    var isOfLead = false
}

extension RequestRecord {
    var suspendedSubject: SuspendedSubject { .request(key: keyID, route: route) }

    /// True where suspensions alone kept it from a whole answer: nothing that
    /// could be asked was left, or one ended its answer and no other candidate
    /// was asked after that.
    package var isEndedBySuspension: Bool {
        guard outcome == .failed || outcome == .truncated, reason == APIProblem.suspendedCode else { return false }
        return attempts.last.map { $0.failure == AttemptRecord.suspended } ?? true
    }

    func notePermit(of candidate: String, at tick: UInt64) {
        var known = permit ?? PermitRecord()
        known.candidate = candidate
        known.tick = tick
        permit = known
    }

    func note(_ order: SuspensionOrder, isOfLead: Bool = false) {
        if !order.isRevocation { noteSuspension(order.id, isOfLead: isOfLead) }
    }

    func noteSuspension(_ id: String, isOfLead: Bool = false) {
        var known = permit ?? PermitRecord()
        known.suspension = id
        known.isOfLead = known.isOfLead || isOfLead
        permit = known
    }
}
