/// Something that has happened to a suspension or to the roster, in the order
/// of its happening. The ledger, alerts and the published feed are made of
/// these.
package enum VetoEvent: Sendable, Hashable {
    case ordered(Suspension)
    /// A second person stands behind the order.
    case ratified(number: Int, by: String)
    /// No second person did in time; it stands.
    case overdue(number: Int)
    /// No second person did in time; it is over.
    case lapsed(number: Int)
    case approved(number: Int, by: String)
    /// An approval of a return no longer counts: its time is over, or its signer has left
    /// the roster.
    case approvalEnded(number: Int, by: String)
    /// A statement, or a step, was refused, and has changed nothing.
    case refused(number: Int?, reason: VetoRefusal)
    /// Two people have moved its end forward.
    case shortened(number: Int, expires: Int, by: [String])
    /// The gate's own requests begin.
    case verifying(number: Int, cause: ReturnCause)
    case halfOpen(number: Int, percent: Int)
    case restored(number: Int)
    /// Back to `suspended`, and the approvals are spent.
    case gateFailed(number: Int, reason: String)
    /// A version of the roster is in force.
    case roster(version: Int, digest: String)
    /// Recovery keys ask for another roster, which is in force at that time
    /// unless a person of the old one cancels it.
    case replacementAnnounced(version: Int, due: Int)
    /// - Parameter by: a person; nil where people have signed that version of
    ///   the roster meanwhile.
    case replacementCancelled(version: Int, by: String?)

    /// The ground on which a suspension may return.
    package enum ReturnCause: Sendable, Hashable {
        /// These people approved it.
        case people([String])
        case expiry
        /// The standard has been green for long enough.
        case standard(String)
    }
}
