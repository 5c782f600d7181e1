/// The stages that a gateway may have or not. Without them a request pays one
/// comparison with nil for each.
package struct OptionalStages: Sendable {
    /// The judge of requests; nil where none stands over them.
    package var reviewer: (any RequestReviewer)?
    /// The suspensions that are in force; nil where there can be none.
    package var permits: (any PermitTable)?

    package init(reviewer: (any RequestReviewer)? = nil, permits: (any PermitTable)? = nil) {
        self.reviewer = reviewer
        self.permits = permits
    }
}
