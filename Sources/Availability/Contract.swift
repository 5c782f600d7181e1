/// What a provider owes for a month that was not as promised.
package struct Contract: Sendable, Hashable {
    /// Below that uptime, so much of the month's price.
    package struct Tier: Sendable, Hashable {
        /// Percent.
        package var below: Double
        /// Percent.
        package var credit: Double

        package init(below: Double, credit: Double) {
            self.below = below
            self.credit = credit
        }
    }

    package var name: String
    package var formula: Formula
    /// The statuses that it calls errors.
    package var failing: [ClosedRange<Int>]
    package var tiers: [Tier]

    package init(name: String, formula: Formula, failing: [ClosedRange<Int>], tiers: [Tier]) {
        self.name = name
        self.formula = formula
        self.failing = failing
        self.tiers = tiers
    }

    /// Percent.
    package func uptime(of month: MonthCounts) -> Double { formula.uptime(of: month, failing: failing) }

    /// The highest credit whose tier the uptime is below; percent.
    package func credit(at uptime: Double) -> Double {
        tiers.filter { uptime < $0.below }.map(\.credit).max() ?? 0
    }
}
