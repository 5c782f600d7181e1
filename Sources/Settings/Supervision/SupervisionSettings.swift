import Routing

/// `supervision`
package struct SupervisionSettings: Sendable, Hashable {
    /// `constitution`: the file of the clauses; nil is the one that ships.
    package var constitutionFile: String?
    /// `deadline`: the longest wait for a verdict without a model, and for each
    /// score of the second model; 500 ms by default.
    package var deadline = Duration.milliseconds(500)
    /// `total`: the longest time for all scores of one request; 10 s by default,
    /// and never less than the deadline.
    package var total = Duration.seconds(10)
    /// `waiting`: the judgements that may wait for their turn; 64 by default.
    package var waiting = 64

    /// `engine`: the second model; nil is none.
    package var engine: SupervisorEngine?

    package init() {}
}
