/// An input that has changed a machine's state. A machine that is given the
/// facts of another, in their order, has the same state.
package enum VetoFact: Sendable, Hashable {
    /// Version 1 of the roster, where the machine began without one.
    case founded(Roster, at: VetoTime)
    /// A statement that was taken.
    /// - Parameter number: of an order's first suspension; nil for all others.
    case statement(VerifiedStatement, number: Int?, at: VetoTime)
    /// A standard's order.
    case order(Suspension, at: VetoTime)
    /// A standard has been green for long enough.
    case green(number: Int, at: VetoTime)
    case gate(number: Int, GateResult, at: VetoTime)
    /// The deadline for a second person has passed.
    case overdue(number: Int, at: VetoTime)
    case lapsed(number: Int, at: VetoTime)
    case expired(number: Int, at: VetoTime)
    /// The replacement that was announced is in force.
    case replaced(version: Int, at: VetoTime)

    /// The fact behind an event of ``VetoMachine/tick(at:)``; nil for events
    /// that it doesn't make.
    package init?(ofTick event: VetoEvent, at time: VetoTime) {
        switch event {
        case .overdue(let number): self = .overdue(number: number, at: time)
        case .lapsed(let number): self = .lapsed(number: number, at: time)
        case .verifying(let number, .expiry): self = .expired(number: number, at: time)
        case .roster(let version, _): self = .replaced(version: version, at: time)
        default: return nil
        }
    }
}
