/// The stages that a gateway may have or not. Without them a request pays one
/// comparison for each.
package struct OptionalStages: Sendable {
    /// The judge of what models read and write; without one, a route that
    /// requires supervision refuses everything.
    package var supervisor: (any Supervisor)?
    /// The suspensions that are in force; nil where there can be none.
    package var permits: PermitBook?

    package init(supervisor: (any Supervisor)? = nil, permits: PermitBook? = nil) {
        self.supervisor = supervisor
        self.permits = permits
    }
}
