import Access

/// A conversation of a caller's, by what it says of its session: a number, so
/// that nothing of a caller's words is kept.
struct ConversationKey: Hashable, Sendable {
    /// Of the tenant, the key and the session: what the order of candidates is
    /// made of.
    let session: UInt64
    /// Of the same with the route and the agent.
    let whole: KeyDigest

    /// Nil where the caller names no session.
    init?(of request: AdmittedCall) {
        guard request.call.operation.isChat, let session = request.session else { return nil }
        let principal = request.call.principal
        // No part has a line end.
        let owner = [principal.record.tenant ?? "", principal.id, session].joined(separator: "\n")
        self.session = KeyDigest(of: owner).word
        let agent = [owner, request.requestedModel, request.call.marks.agent ?? ""].joined(separator: "\n")
        whole = KeyDigest(of: agent)
    }
}

/// A conversation that has gone on with another candidate than before.
package struct ConversationMove: Sendable, Hashable {
    /// The candidate that served it before, as `provider/model`.
    package var from: String
    /// The tokens that the former candidate had in its cache and that the new
    /// one had to read anew.
    package var tokens: Int
}
