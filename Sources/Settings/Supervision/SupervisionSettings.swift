import Routing

/// `supervision`
package struct SupervisionSettings: Sendable, Hashable {
    /// `constitution`: the file of the clauses; nil is the one that ships.
    package var constitutionFile: String?
    /// `deadline`: the longest time for a verdict; 500 ms by default.
    package var deadline = Duration.milliseconds(500)
    /// `waiting`: the judgements that may wait for their turn; 64 by default.
    package var waiting = 64

    package init() {}
}
