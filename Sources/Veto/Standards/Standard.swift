/// One rule of `standards.yaml`: a condition that a part of the service must
/// satisfy to serve, and the consequence where it doesn't.
package struct Standard: Sendable, Hashable {
    /// The consequence of a breach, once its grace is over.
    package enum Breach: String, Sendable, CaseIterable {
        /// People are told, and nothing is stopped.
        case warn
        /// New requests are refused; running ones finish.
        case suspendNew = "suspend-new"
        /// New requests are refused, and running ones end now.
        case suspend
    }

    /// The name in records, messages and commands; unique in a file.
    package var id: String
    package var subjects: [StandardSubject]
    package var check: StandardCheck
    package var breach: Breach
    package var terms: Terms
    /// The receivers of messages, by the names of webhooks; empty is every
    /// webhook that takes messages of standards.
    package var told: [String]

    /// The terms of a breach and of the return from it.
    package struct Terms: Sendable, Hashable {
        /// Seconds for which a breach has to last before it has consequences.
        package var grace: Int
        package var comesBack: Suspension.Return
        /// Seconds for which the check has to be met, without a break, before a
        /// suspension ends by itself.
        package var steady: Int
        /// True where it may suspend the last candidate of a route.
        package var evenTheLast: Bool

        package init(
            grace: Int, comesBack: Suspension.Return, steady: Int = Standard.usualSteady, evenTheLast: Bool = false
        ) {
            self.grace = grace
            self.comesBack = comesBack
            self.steady = steady
            self.evenTheLast = evenTheLast
        }
    }

    /// 10 minutes.
    package static let usualSteady = 600
    /// The times a day that suspensions of one standard and subject may end by
    /// themselves; afterwards people are needed.
    package static let returnsADay = 3
    /// Running requests finish under ``Breach/suspendNew``: the limit is the
    /// usual deadline of a route, in seconds.
    package static let drainLimit = 1800

    /// A standard with the usual terms of its check, unless others are given.
    package init(
        id: String, subjects: [StandardSubject], check: StandardCheck, breach: Breach = .warn, terms: Terms? = nil,
        told: [String] = []
    ) {
        self.id = id
        self.subjects = subjects
        self.check = check
        self.breach = breach
        self.terms = terms ?? check.usualTerms
        self.told = told
    }

    /// The consequence that counts: a feed that anybody on the way could have
    /// written only warns.
    package var consequence: Breach { check.mayOnlyWarn ? .warn : breach }
}

/// The part of the service that a standard is about, as it is written.
package enum StandardSubject: Sendable, Hashable {
    /// A model, lab, host, region or route.
    case scope(SuspendedScope)
    /// Each model that Holdfast hosts itself, on its own: `hosted`.
    case hosted
    /// Each candidate of each route, on its own: `models`.
    case models
    /// Each route, on its own: `routes`.
    case routes

    /// - Returns: nil for a text of no such form, and for keys and weights:
    ///   a standard is about models, not about callers, and about what serves
    ///   now, not about an epoch.
    package init?(_ text: String) {
        switch text {
        case "hosted": self = .hosted
        case "models": self = .models
        case "routes": self = .routes
        default:
            guard let scope = SuspendedScope(text) else { return nil }
            switch scope {
            case .key, .weights: return nil
            case .model, .lab, .host, .region, .route: self = .scope(scope)
            }
        }
    }

    package var text: String {
        switch self {
        case .scope(let scope): scope.text
        case .hosted: "hosted"
        case .models: "models"
        case .routes: "routes"
        }
    }
}

/// One standard applied to one part of the service.
package struct StandardPlace: Sendable, Hashable, Comparable {
    /// The standard's id.
    package var standard: String
    package var scope: SuspendedScope

    package init(_ standard: String, _ scope: SuspendedScope) {
        self.standard = standard
        self.scope = scope
    }

    package static func < (one: StandardPlace, other: StandardPlace) -> Bool {
        (one.standard, one.scope.text) < (other.standard, other.scope.text)
    }
}
