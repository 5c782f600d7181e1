import Access
package import Conversation
package import Routing

/// The suspensions that are in force: the place of a veto.
///
/// The gateway has none by default; the stage is then one comparison with
/// nil. Asked by every request and before every exchange with a candidate, so
/// an answer may take no more than a look at memory.
package protocol PermitTable: Sendable {
    /// - Returns: The problem with which the caller is refused; nil where the
    ///   subject may be served.
    func refusal(of subject: PermitSubject) -> APIProblem?
}

/// The subject of a permit.
package enum PermitSubject: Sendable {
    /// A request, by its key and its route; the route is nil where the caller
    /// named a provider.
    case request(key: String, route: String?)
    /// A candidate that is about to be asked, for whatever reason: a request,
    /// a hedge, a continuation, a drill, a probe.
    case candidate(Candidate)
}

/// The permit stage.
extension Gateway {
    func checkPermit(_ choice: RouteChoice, _ request: AdmittedCall, _ permits: any PermitTable) throws(APIProblem) {
        let name = choice.served.route.name
        let subject = PermitSubject.request(key: request.call.principal.id, route: name.isEmpty ? nil : name)
        if let refusal = permits.refusal(of: subject) { throw refusal }
    }

    /// Returns the problem that keeps a candidate from being asked; nil where
    /// nothing does.
    func refusal(of candidate: Candidate) -> APIProblem? { stages.permits?.refusal(of: .candidate(candidate)) }
}
