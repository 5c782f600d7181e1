package import Veto

/// An event of the veto, with what its readers need to know beside it.
package struct VetoOccurrence: Sendable, Hashable {
    package var event: VetoEvent
    package var time: VetoTime
    /// The suspension; nil where the event is of the roster, or of a number that
    /// nothing is known of.
    package var suspension: Suspension?
    /// SHA-256 of the suspension's canonical record, in hexadecimal digits.
    package var digest: String?
    /// The version of the roster in force; 0 where there is none.
    package var roster: Int

    package init(
        _ event: VetoEvent, at time: VetoTime, suspension: Suspension? = nil, digest: String? = nil, roster: Int
    ) {
        self.event = event
        self.time = time
        self.suspension = suspension
        self.digest = digest
        self.roster = roster
    }
}
