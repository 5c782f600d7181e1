package import Failures

/// A failed attempt, as memory takes note of it.
package struct FailureReport: Sendable {
    package var judgement: Judgement
    package var status: Int?
    /// The kind of probe that asks for the same as the failed request.
    package var probe: ProbeKind
    /// Tells whether this model has ever answered.
    package var everAnswered = true
    /// The request that failed; nil for one of Holdfast's own.
    package var mark: RequestMark?
    /// Tells whether a route or a provider's list names the model. Callers can make
    /// up any other name, of which nothing is kept.
    package var isKnownModel = true
    /// Tells whether requests of Holdfast's own may go there.
    package var mayProbe = true
    /// Tells whether the request was Holdfast's own, so that it needs no other to
    /// confirm it.
    package var isOwn = false

    package init(_ judgement: Judgement, status: Int?, probe: ProbeKind = .whole) {
        self.judgement = judgement
        self.status = status
        self.probe = probe
    }
}

/// A caller's request, as far as it has to be told from another one.
package struct RequestMark: Sendable, Hashable {
    /// The id of the caller's key.
    package var key: String
    /// Of the request's bytes.
    package var digest: Int

    package init(key: String, digest: Int) {
        self.key = key
        self.digest = digest
    }
}

/// The outcome of a report: changes to be told and stored, and probes to be
/// made at once.
package struct HealthNews: Sendable {
    package var changes: [HealthChange]
    package var probes: [ProbeOrder]

    package init(changes: [HealthChange] = [], probes: [ProbeOrder] = []) {
        self.changes = changes
        self.probes = probes
    }
}
