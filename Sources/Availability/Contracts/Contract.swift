/// A provider's service credit contract as data: the contract's own way to count failures, and the credit that the
/// provider owes for a month below the promised uptime.
///
/// Providers publish different formulas, so each contract names its ``Formula``, the statuses that it calls errors, its
/// exclusions, its tiers of credit and the terms for a claim. Several contracts can be applied to the same counts.
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

    /// Until when a claim must be made.
    package enum Notice: Sendable, Hashable {
        /// The incident.
        case daysAfter(Int)
        /// The end of the incident's month.
        case daysAfterMonth(Int)
        /// The end of the n-th calendar month after the incident's.
        case endOfMonthAfter(Int)
    }

    /// The scope in which an error counts as repeated; published contracts don't define it.
    package enum RepeatUnit: String, Sendable, Hashable, CaseIterable {
        /// Each model for itself.
        case model
        /// All models that are counted together.
        case together
    }

    /// A time that doesn't count, such as announced maintenance.
    package struct Exclusion: Sendable, Hashable {
        /// Seconds since 1970, half-open.
        package var time: Range<Int>
        package var reason: String

        package init(time: Range<Int>, reason: String) {
            self.time = time
            self.reason = reason
        }
    }

    package var name: String
    package var title = ""
    package var formula: Formula
    /// The statuses that it calls errors.
    package var failing: [ClosedRange<Int>]
    /// Statuses that it counts neither as requests nor as errors.
    package var uncounted: [ClosedRange<Int>] = []
    package var repeatUnit = RepeatUnit.model
    package var excluded: [Exclusion] = []
    package var tiers: [Tier]
    package var notice: Notice?
    /// The place where the contract's text was published, and the date that the text has or on which it was read.
    package var source = ""
    package var dated = ""
    /// SHA-256 of the text that was signed, in hexadecimal; empty where it
    /// isn't pinned.
    package var textDigest = ""
    /// In words, what else the text excludes.
    package var exclusions: [String] = []
    /// The facts that a claim has to contain, and the place to submit it.
    package var claim: [String] = []
    package var submit = ""

    package init(name: String, formula: Formula, failing: [ClosedRange<Int>], tiers: [Tier]) {
        self.name = name
        self.formula = formula
        self.failing = failing
        self.tiers = tiers
    }

    /// Percent.
    package func uptime(of month: MonthCounts) -> Double { uptime(of: [month], start: 0) }

    /// The uptime of several models together.
    ///
    /// - Parameter start: the beginning of the months, in seconds since 1970.
    /// - Returns: percent.
    package func uptime(of months: [MonthCounts], start: Int) -> Double {
        let counted = months.map { counting($0, start: start) }
        if case .attemptsRatio(let window) = formula, repeatUnit == .model {
            var sum = AttemptsTally()
            for month in counted { sum.add(AttemptsTally(month, failing: failing, window: window)) }
            return sum.uptime
        }
        return formula.uptime(of: MonthCounts(merging: counted), failing: failing)
    }

    /// The counts of the month that the contract takes into account.
    func counting(_ month: MonthCounts, start: Int) -> MonthCounts {
        guard !uncounted.isEmpty || !excluded.isEmpty else { return month }
        return MonthCounts(
            minutes: month.minutes,
            counts: month.counts.map { count in
                MinuteCount(
                    minute: count.minute,
                    byStatus: count.byStatus.filter { counts($0.key, at: start + count.minute * 60) })
            })
    }

    private func counts(_ status: Int, at time: Int) -> Bool {
        !uncounted.contains { $0.contains(status) } && !excluded.contains { $0.time.contains(time) }
    }

    /// Returns whether the contract calls an answer an error.
    /// - Parameter time: seconds since 1970.
    package func isError(_ status: Int, at time: Int) -> Bool {
        failing.contains { $0.contains(status) } && counts(status, at: time)
    }

    /// The highest credit whose tier the uptime is below; percent.
    package func credit(at uptime: Double) -> Double {
        tiers.filter { uptime < $0.below }.map(\.credit).max() ?? 0
    }
}
