/// Where a service is: by what reports and exposure gather it.
package struct Placement: Sendable, Hashable {
    package enum Dimension: String, Sendable, Hashable, CaseIterable {
        case host, lab, region, custodian

        /// As people say it.
        package var word: String { self == .custodian ? "key custodian" : rawValue }
    }

    package var provider: String
    private var names: [Dimension: String] = [:]

    package init(
        provider: String, host: String? = nil, lab: String? = nil, region: String? = nil, custodian: String? = nil
    ) {
        self.provider = provider
        names[.host] = host
        names[.lab] = lab
        names[.region] = region
        names[.custodian] = custodian
    }

    /// Nil where the settings don't say.
    package subscript(_ dimension: Dimension) -> String? { names[dimension] }
}

/// A month, or a day of it: what each contract says, and beside it what
/// applications felt. Never one number of both.
package struct MonthReport: Sendable {
    /// What reports need to know of the settings.
    package struct Terms: Sendable {
        /// Of a service's provider.
        package var placements: [String: Placement] = [:]
        /// By provider; those of ``usual`` where there is none.
        package var contracts: [String: Contract] = [:]
        /// For providers whose contract isn't named.
        package var usual: [Contract] = []
        /// By route: the part to be answered whole, such as 0.999.
        package var objectives: [String: Double] = [:]

        package init() {}

        /// Of `provider/model`.
        package func placement(_ service: String) -> Placement {
            let provider = service.firstIndex(of: "/").map { String(service[..<$0]) } ?? service
            return placements[provider] ?? Placement(provider: provider)
        }

        func contracts(_ provider: String) -> [Contract] { contracts[provider].map { [$0] } ?? usual }
        func objective(_ route: String) -> Double { objectives[route] ?? 0.999 }
    }

    /// The feature that a group's services have in common.
    package enum Grouping: String, Sendable, Hashable, CaseIterable {
        case provider, host, region

        /// Nil where the settings don't say.
        fileprivate func name(of placement: Placement) -> String? {
            switch self {
            case .provider: placement.provider
            case .host: placement[.host]
            case .region: placement[.region]
            }
        }
    }

    package let period: Period
    /// By `provider/model`.
    package private(set) var services: [ServiceReport] = []
    /// The same attempts by provider, host and region, where that gathers
    /// several.
    package private(set) var groups: [(kind: Grouping, report: ServiceReport)] = []
    package private(set) var routes: [RouteReport] = []
    /// By route, at the period's end, or now where it isn't over.
    package private(set) var burn: [String: [BurnRate]] = [:]

    /// Minutes of the period that have passed.
    package let passed: Int

    /// - Parameters:
    ///   - now: seconds since 1970; what is later hasn't happened yet.
    ///   - provider: only this one's services; nil is all.
    package init(
        _ period: Period, _ histories: [Subject: History], terms: Terms, now: Int, provider: String? = nil
    ) {
        self.period = period
        passed = max(0, min(period.minutes, (now - period.start) / 60 + 1))
        var byService: [(name: String, placement: Placement, history: History)] = []
        for (subject, history) in histories {
            switch subject {
            case .route(let name):
                let objective = terms.objective(name)
                routes.append(RouteReport(name, history, objective: objective))
                burn[name] = BurnRate.all(of: history, until: passed, objective: objective)
            case .service(let name):
                let placement = terms.placement(name)
                if provider == nil || provider == placement.provider { byService.append((name, placement, history)) }
            }
        }
        byService.sort { $0.name < $1.name }
        routes.sort { $0.name < $1.name }
        services = byService.map {
            ServiceReport($0.name, [$0.history], contracts: terms.contracts($0.placement.provider))
        }
        for kind in Grouping.allCases {
            let gathered = Dictionary(grouping: byService.filter { kind.name(of: $0.placement) != nil }) {
                kind.name(of: $0.placement)!
            }
            for (name, members) in gathered.sorted(by: { $0.key < $1.key }) where members.count > 1 {
                // Contracts are with a provider: of several, only what all
                // of them agree on can be said.
                let contracts = Set(members.map { terms.contracts($0.placement.provider) })
                groups.append(
                    (
                        kind,
                        ServiceReport(
                            name, members.map(\.history),
                            contracts: contracts.count == 1 ? contracts.first! : terms.usual)
                    ))
            }
        }
    }
}
