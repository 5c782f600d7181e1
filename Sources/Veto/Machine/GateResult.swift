/// The result of a step of the gate through which a suspension returns.
package enum GateResult: Sendable, Hashable {
    /// The checks have passed: a share of the requests is let through, in
    /// percent from 1 to 99. The first step, and every larger share.
    case share(percent: Int)
    /// The share has done well: the suspension is over.
    case whole
    /// A check has failed, or the share has not done well.
    case failed(reason: String)
}
