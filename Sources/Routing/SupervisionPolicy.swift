/// The rules of a route about its supervisor.
package struct SupervisionPolicy: Sendable, Hashable {
    /// From the loosest to the strictest.
    package enum Level: String, Sendable, Hashable, CaseIterable, Comparable {
        /// Nothing is judged.
        case off
        /// Verdicts are recorded and change nothing. Never reported as
        /// supervised.
        case shadow
        /// Nothing passes without a verdict.
        case required

        package static func < (a: Self, b: Self) -> Bool { a.place < b.place }
        private var place: Int { Self.allCases.firstIndex(of: self)! }
    }

    /// The treatment of parts that can't be read.
    package enum Unseen: String, Sendable, Hashable, CaseIterable {
        case pass, refuse
    }

    /// The stages that an answer's text has to have passed before it goes out.
    package enum Hold: String, Sendable, Hashable, CaseIterable {
        /// Clauses and the first stage.
        case first
        /// The second stage, too.
        case both
    }

    package var level = Level.off
    package var unseen = Unseen.pass
    package var hold = Hold.first
    /// The text that is held back to be judged together, in characters.
    package var windowText = 160
    /// The longest time that text is held for more to come.
    package var windowWait = Duration.milliseconds(250)
    /// True where a refusal names the clause.
    package var namesClause = true

    package init() {}
}
