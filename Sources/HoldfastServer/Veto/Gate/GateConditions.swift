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
    /// The newest requests since the order, ``GateWindow/length`` at the most,
    /// by whether others than the suspended have answered them.
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

/// The ends of a route's newest requests. An outage is forgotten once as many
/// requests were answered after it.
package struct GateWindow: Sendable, Hashable {
    package static let length = 20

    /// Of all requests that were ever added.
    private var count = 0
    /// A bit of each, the newest one's lowest; set where it was answered.
    private var ends: UInt32 = 0

    package init() {}

    package mutating func add(_ isGood: Bool) {
        count += 1
        ends = ends << 1 | (isGood ? 1 : 0)
    }

    /// Returns the count of the newest requests, without those that another
    /// window, an earlier state of this one, has already.
    package func since(_ earlier: GateWindow?) -> GateTally {
        let judged = min(Self.length, count - (earlier?.count ?? 0))
        let good = (ends & (1 << judged - 1)).nonzeroBitCount
        return GateTally(good: good, bad: judged - good)
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

    /// The requests among the newest ones, ``GateWindow/length``, that a route
    /// has to answer without the suspended for its cut-over to be shown without
    /// a drill.
    package static let cutOvers = 19

    /// The cut-over of each route works: a drill of it has passed since the
    /// order, or so many of the newest requests were served without the
    /// suspended. (With one standby no drill can be run meanwhile: it would have
    /// nobody to pull.)
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
            "since the order neither has a drill passed nor have others answered \(cutOvers) of the newest "
                + "\(GateWindow.length) requests on " + missing.prefix(5).map(\.name).joined(separator: ", ")
                + "; of the newest requests on \(first.name), \(first.cutOver.good) were answered and "
                + "\(first.cutOver.bad) failed")
    }

    private static func isShown(_ route: GateRoute, since ordered: Int) -> Bool {
        if let passed = route.passed, passed >= ordered { return true }
        let (good, bad) = (route.cutOver.good, route.cutOver.bad)
        return good + bad >= GateWindow.length && good >= cutOvers
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
