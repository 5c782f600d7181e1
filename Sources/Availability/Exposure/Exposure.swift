/// The concentration of real traffic, and the single points of failure: the hosts, labs, regions and custodians on
/// which all candidates of a route depend.
package struct Exposure: Sendable {
    /// Traffic by one dimension.
    package struct Concentration: Sendable {
        package var dimension: Placement.Dimension
        /// The answered requests by name, largest number first.
        package var shares: [(name: String, requests: Int)]

        package var total: Int { shares.reduce(0) { $0 + $1.requests } }

        /// The Herfindahl–Hirschman index: the sum of the shares' squares,
        /// from 1/n for n equal ones to 1 for one alone.
        package var index: Double? {
            let total = Double(total)
            guard total > 0 else { return nil }
            return shares.reduce(0) { $0 + (Double($1.requests) / total) * (Double($1.requests) / total) }
        }

        /// As many equal ones would be as concentrated.
        package var effectiveNumber: Double? { index.map { 1 / $0 } }
    }

    /// A party on which all candidates of some routes depend.
    package struct SinglePoint: Sendable, Hashable {
        package var dimension: Placement.Dimension
        package var name: String
        package var routes: [String]

        package init(dimension: Placement.Dimension, name: String, routes: [String]) {
            self.dimension = dimension
            self.name = name
            self.routes = routes
        }
    }

    /// A route of the settings.
    package struct Route: Sendable {
        package var name: String
        /// `provider/model` and where it is.
        package var candidates: [(service: String, placement: Placement)]
        /// When a drill last pulled one of its candidates, and whether it
        /// passed.
        package var lastDrill: (time: Int, candidate: String, verdict: String)?

        package init(
            name: String, candidates: [(service: String, placement: Placement)],
            lastDrill: (time: Int, candidate: String, verdict: String)? = nil
        ) {
            self.name = name
            self.candidates = candidates
            self.lastDrill = lastDrill
        }
    }

    package private(set) var concentrations: [Concentration] = []
    package private(set) var singlePoints: [SinglePoint] = []
    /// Candidates whose settings don't say where they are, by dimension.
    package private(set) var unknown: [Placement.Dimension: [String]] = [:]
    package let routes: [Route]

    /// The name that is shown where the settings give none.
    package static let unnamed = "(not said)"

    /// - Parameters:
    ///   - routes: the routes of the settings.
    ///   - traffic: the counts of the routes.
    ///   - terms: the places of the services.
    package init(_ routes: [Route], traffic: [History], terms: MonthReport.Terms) {
        self.routes = routes
        var served: [String: Int] = [:]
        for history in traffic {
            for (counter, points) in history.counters {
                guard let service = counter.answeredBy else { continue }
                served[service, default: 0] += points.reduce(0) { $0 + $1.count }
            }
        }
        for dimension in Placement.Dimension.allCases {
            var shares: [String: Int] = [:]
            for (service, count) in served {
                shares[terms.placement(service)[dimension] ?? Self.unnamed, default: 0] += count
            }
            concentrations.append(
                Concentration(
                    dimension: dimension,
                    shares: shares.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }))
            singlePoints += Self.singlePoints(dimension, routes)
            let silent = Set(routes.flatMap(\.candidates).filter { $0.placement[dimension] == nil }.map(\.service))
            if !silent.isEmpty { unknown[dimension] = silent.sorted() }
        }
    }

    /// A route without a candidate elsewhere ends with it.
    private static func singlePoints(_ dimension: Placement.Dimension, _ routes: [Route]) -> [SinglePoint] {
        var dependent: [String: [String]] = [:]
        for route in routes where !route.candidates.isEmpty {
            let names = Set(route.candidates.map { $0.placement[dimension] })
            if names.count == 1, let name = names.first ?? nil { dependent[name, default: []].append(route.name) }
        }
        return dependent.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.map {
            SinglePoint(dimension: dimension, name: $0.key, routes: $0.value)
        }
    }
}

extension Counter {
    /// The service that gave an answer; late answers and refusals included.
    var answeredBy: String? {
        switch self {
        case .whole(let by), .stoodIn(let by), .late(let by), .refused(let by): by.isEmpty ? nil : by
        default: nil
        }
    }
}
