/// The place of a service in the dimensions by which reports and exposure group services.
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

/// A report of a month or of one day of it: the uptime by each contract's formula, and beside it the availability that
/// applications experienced.
///
/// The two are never combined into one number. A contract counts the statuses of attempts at a provider, while an
/// application's request may be answered by another provider when one fails.
package struct MonthReport: Sendable {
    /// The parts of the settings that reports require.
    package struct Terms: Sendable {
        /// The place of each provider.
        package var placements: [String: Placement] = [:]
        /// The contract of each provider; providers that aren't listed have those of ``usual``.
        package var contracts: [String: Contract] = [:]
        /// For providers whose contract isn't named.
        package var usual: [Contract] = []
        /// For each route, the share of requests that has to be answered completely, such as 0.999.
        package var objectives: [String: Double] = [:]

        package init() {}

        /// The place of a service, which is named `provider/model`.
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
    /// One report for each `provider/model`.
    package private(set) var services: [ServiceReport] = []
    /// The same attempts by provider, host and region, where that gathers
    /// several.
    package private(set) var groups: [(kind: Grouping, report: ServiceReport)] = []
    package private(set) var routes: [RouteReport] = []
    /// The burn rates of each route, at the end of the period, or now if it isn't over.
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
