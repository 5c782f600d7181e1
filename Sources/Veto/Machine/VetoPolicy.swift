/// The settings of a veto that the machine keeps to.
package struct VetoPolicy: Sendable, Hashable {
    /// The end of an order that no second person has ratified in time.
    package enum Unratified: String, Sendable, CaseIterable {
        /// The suspension goes on, marked.
        case stands
        /// The suspension is over, unless the clocks disagree or people have
        /// tried to bring it back before.
        case lapses
    }

    /// The time for a second person, in seconds.
    package var ratifyWithin: Int
    package var unratified: Unratified

    /// The time between the announcement of a replaced roster and its force, in
    /// seconds. No setting shortens it.
    package static let replacementDelay = 86_400
    /// The number of distinct people who restore or shorten a suspension. No
    /// setting lowers it.
    package static let restorers = 2

    package init(ratifyWithin: Int = 86_400, unratified: Unratified = .stands) {
        self.ratifyWithin = ratifyWithin
        self.unratified = unratified
    }
}
