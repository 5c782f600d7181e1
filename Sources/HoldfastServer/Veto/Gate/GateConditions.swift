package import Veto

/// The verdicts of standards, for the gate.
package protocol StandardVerdicts: Sendable {
    /// Returns the standards that a suspension's scope breaches now, each as
    /// one line for people; none where the gate may go on.
    func breaches(of suspension: Suspension) -> [String]
}

/// The verdicts of a Holdfast without standards.
package struct NoStandards: StandardVerdicts {
    package init() {}

    package func breaches(of suspension: Suspension) -> [String] { [] }
}

/// A route in the scope of a suspension, for the gate's condition of a drill.
package struct GateRoute: Sendable, Hashable {
    package var name: String
    /// True where a candidate outside of the scope stands by.
    package var hasStandby: Bool
    /// The start of the newest drill that it has passed, in seconds since 1970.
    package var passed: Int?
    /// The requests that others than the suspended have answered since the
    /// order, and those that nobody has.
    package var cutOver: GateTally

    package init(name: String, hasStandby: Bool, passed: Int? = nil, cutOver: GateTally = GateTally()) {
        self.name = name
        self.hasStandby = hasStandby
        self.passed = passed
        self.cutOver = cutOver
    }
}

/// A count of requests by their ends.
package struct GateTally: Sendable, Hashable {
    package var good = 0
    package var bad = 0

    package init(good: Int = 0, bad: Int = 0) {
        self.good = good
        self.bad = bad
    }
}

/// The identities of one candidate that a suspension and its gate have seen.
package struct GateIdentity: Sendable, Hashable {
    /// `provider/model`.
    package var candidate: String
    /// As it was before the suspension; nil where nothing was known.
    package var before: String?
    package var now: String?

    package init(candidate: String, before: String?, now: String?) {
        self.candidate = candidate
        self.before = before
        self.now = now
    }
}

/// The gate's conditions from outside of its own requests. Pure.
package enum GateConditions {
    package static func standards(_ breaches: [String]) -> GateCondition {
        breaches.isEmpty
            ? GateCondition("standards", .passed)
            : GateCondition("standards", .waiting, breaches.prefix(5).joined(separator: "; "))
    }

    /// The requests that a route has to answer without the suspended for its
    /// cut-over to be shown without a drill; 19 of 20 of all have to be good.
    package static let cutOvers = 20

    /// The cut-over of each route works: a drill of it has passed since the
    /// order, or so many requests were served without the suspended. (With one
    /// standby no drill can be run meanwhile: it would have nobody to pull.)
    package static func drill(_ routes: [GateRoute], since ordered: Int) -> GateCondition {
        guard !routes.isEmpty else { return GateCondition("drill", .notApplicable, "no route is in its scope") }
        let drilled = routes.filter(\.hasStandby)
        guard !drilled.isEmpty else {
            let names = routes.map(\.name).sorted().prefix(5).joined(separator: ", ")
            return GateCondition("drill", .notApplicable, "nobody stands by on \(names)")
        }
        let missing = drilled.filter { !isShown($0, since: ordered) }.sorted { $0.name < $1.name }
        guard let first = missing.first else { return GateCondition("drill", .passed) }
        return GateCondition(
            "drill", .waiting,
            "since the order neither has a drill passed nor have \(cutOvers) requests been answered by others on "
                + missing.prefix(5).map(\.name).joined(separator: ", ")
                + "; \(first.name) has \(first.cutOver.good), and \(first.cutOver.bad) failed")
    }

    private static func isShown(_ route: GateRoute, since ordered: Int) -> Bool {
        if let passed = route.passed, passed >= ordered { return true }
        let (good, bad) = (route.cutOver.good, route.cutOver.bad)
        return good >= cutOvers && bad * 20 <= good + bad
    }

    /// The served models are the same as before, or people have acknowledged
    /// that they may differ.
    ///
    /// A model that others host has nothing that identifies it: the condition
    /// then says that nothing is compared.
    package static func sameModel(_ models: [GateIdentity], mayDiffer: Bool) -> GateCondition {
        if mayDiffer {
            return GateCondition(
                "same-model", .passed, "the people who approved it have acknowledged that it may differ")
        }
        let known = models.filter { $0.before != nil && $0.now != nil }
        if let changed = known.first(where: { $0.before != $0.now }) {
            return GateCondition(
                "same-model", .failed,
                "\(changed.candidate) is \(changed.now ?? ""), and was \(changed.before ?? "") before the suspension; "
                    + "an approval can acknowledge that")
        }
        guard !known.isEmpty else {
            return GateCondition("same-model", .notApplicable, "nothing identifies the model, so nothing is compared")
        }
        return GateCondition("same-model", .passed)
    }
}
