/// The judgement of one check about one part of the service.
package struct StandardVerdict: Sendable, Hashable {
    package enum Ruling: String, Sendable, CaseIterable {
        case met, breached
        /// The evidence can't be had. Never a breach, and never green.
        case unknown
    }

    package var ruling: Ruling
    /// One sentence for people, without secrets and without callers' texts.
    package var evidence: String
    /// The time at which the evidence was made, in seconds since 1970.
    package var seen: Int
    /// The date from which the check is, or was, breached unless the evidence
    /// changes, in seconds since 1970; nil where no such date is known. Only
    /// dates that others have set: the end of a document, and a retirement.
    package var until: Int?

    package init(_ ruling: Ruling, _ evidence: String, seen: Int, until: Int? = nil) {
        self.ruling = ruling
        self.evidence = evidence
        self.seen = seen
        self.until = until
    }

    /// Seconds; 0 where the clock was set back since.
    package func age(at now: Int) -> Int { max(0, now.subtractingSaturating(seen)) }
}

extension Int {
    /// The difference, at the bounds where it doesn't fit.
    func subtractingSaturating(_ other: Int) -> Int {
        let (difference, overflow) = subtractingReportingOverflow(other)
        guard overflow else { return difference }
        return other < 0 ? .max : .min
    }
}

/// One judgement on its way to the machine.
package struct StandardFinding: Sendable, Hashable {
    package var standard: Standard
    package var scope: SuspendedScope
    package var verdict: StandardVerdict

    package init(_ standard: Standard, _ scope: SuspendedScope, _ verdict: StandardVerdict) {
        self.standard = standard
        self.scope = scope
        self.verdict = verdict
    }

    package var place: StandardPlace { StandardPlace(standard.id, scope) }
}

/// A change that follows from judgements, in the order of its happening.
package enum StandardEvent: Sendable, Hashable {
    /// A check is breached, and its grace runs.
    case breached(StandardPlace, StandardVerdict, Standard.Breach)
    /// The grace is over, and the consequence is a warning.
    case warned(StandardPlace, StandardVerdict, Warning)
    /// The grace is over: this suspension has to be ordered. Its number and its
    /// roster are for the one who records it.
    case order(Suspension, StandardPlace, StandardVerdict)
    /// The check has been met for long enough: this suspension has to return.
    case `return`(number: Int, StandardPlace)
    /// The check has been met for long enough, and the suspension waits for
    /// people.
    case needsPeople(number: Int, StandardPlace, Because)
    /// A breach is over that had no suspension.
    case recovered(StandardPlace, StandardVerdict)
    /// The evidence can't be had (any more).
    case unknown(StandardPlace, StandardVerdict)

    /// The reason for a warning in place of a suspension.
    package enum Warning: Sendable, Hashable {
        /// The standard says so.
        case asItSays
        /// Anybody on the way could have written the feed.
        case unsignedFeed
        /// These routes would be left without a candidate.
        case lastCandidate(routes: [String])

        /// For people; empty where the standard says so.
        package var text: String {
            switch self {
            case .asItSays: ""
            case .unsignedFeed: "a feed by URL without a pinned key only warns"
            case .lastCandidate(let routes):
                "it is the last candidate of \(routes.joined(separator: ", ")), and even_the_last is false"
            }
        }
    }

    /// The reason for which a suspension doesn't end by itself.
    package enum Because: Sendable, Hashable {
        /// The standard wants people.
        case standard
        /// Returns by itself were as many as a day allows.
        case flapping
    }
}
