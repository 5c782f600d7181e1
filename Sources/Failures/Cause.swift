/// The reason why a provider gave no (whole) answer: it decides whether to ask again,
/// whom to ask next, and what to remember.
package enum Cause: String, Sendable, Hashable, CaseIterable {
    /// Pulled, retired, at its end of life, removed.
    case withdrawn
    /// This account or region may not use it (any more).
    case denied
    /// Our quota or credit is gone.
    case exhausted
    /// A rate limit.
    case throttled
    /// No capacity at the moment.
    case overloaded
    /// The provider failed.
    case broken
    /// No connection, or none that lasted until the answer's head.
    case unreachable
    /// No byte in time, or the provider says that it took too long.
    case silent
    /// Our key is bad.
    case credential
    /// A safety refusal or a content filter, whatever its status.
    case refused
    /// The request is longer than the model's context.
    case tooLong = "too_long"
    /// The request is wrong.
    case callerFault = "caller_fault"
    /// A field of the request that this model doesn't take, and another may.
    case unsupportedField = "unsupported_field"
    /// The request names a dead model somewhere inside: a tool's definition,
    /// a sub-agent.
    case nestedReference = "nested_reference"
    /// The answer ended without its terminal event, was empty, or was none.
    case truncated
}

/// The reach of a failure: it is remembered for that much, and for nothing
/// more.
package enum Scope: String, Sendable, Hashable, CaseIterable {
    /// This request only; nothing is remembered.
    case request
    /// Everything under that key.
    case credential
    /// That model under that key.
    case credentialModel = "credential+model"
    /// That model at that host, under any key.
    case model
    /// Everything at that host.
    case host
}

/// The certainty of a sign of withdrawal.
package enum Evidence: String, Sendable, Hashable, CaseIterable {
    /// The provider's words say it: deprecated, decommissioned, end of life.
    case explicit
    /// Could also be a typo, a lost permission or an accident: an unknown
    /// id, a stream that ends cleanly with nothing in it. To be confirmed or
    /// lifted by a probe.
    case ambiguous
}
