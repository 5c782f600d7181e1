import Seeded
import Testing
import Veto

/// The rules that hold in whatever order breaches, restorations, restarts and clocks
/// come.
@Suite struct StandardsPropertyTests {
    private static let models = ["h/a", "h/b", "h/c", "h/d"]

    private static func standards(_ chance: inout SplitMix) -> [Standard] {
        (0..<3).map { number in
            .engine(
                "s\(number)", breach: Standard.Breach.allCases.randomElement(using: &chance) ?? .warn,
                grace: [0, 5, 60].randomElement(using: &chance) ?? 0,
                returns: Bool.random(using: &chance) ? .byItself : .people)
        }
    }

    private static func routes(_ chance: inout SplitMix) -> [StandardSituation.Route] {
        (0..<3).map { number in
            let count = Int.random(in: 1...4, using: &chance)
            return route("r\(number)", Array(models.shuffled(using: &chance).prefix(count)))
        }
    }

    /// The routes that nobody serves.
    private static func dark(_ bench: StandardsBench) -> Set<String> {
        let scopes = bench.entries.flatMap(\.suspension.scopes)
        return Set(
            bench.routes.filter { route in
                route.candidates.allSatisfy { one in !one.serves || scopes.contains { $0.covers(one.subject) } }
            }.map(\.name))
    }

    @Test(arguments: 0..<60)
    func nobodyIsLeftAloneAndNothingReturnsTooEarly(_ turn: Int) {
        let seed = UInt64.random(in: 0 ... .max)
        var chance = SplitMix(seed: seed)
        var bench = StandardsBench()
        bench.routes = Self.routes(&chance)
        let standards = Self.standards(&chance)
        /// By place: since when it is breached, or green, without a break.
        var breached: [StandardPlace: UInt64] = [:]
        var green: [StandardPlace: UInt64] = [:]
        var returned: [StandardPlace: [UInt64]] = [:]
        for step in 0..<2_000 {
            bench.pass(Int.random(in: 1...200, using: &chance))
            if Int.random(in: 0..<20, using: &chance) == 0 {
                bench.now.wall += Int.random(in: -100_000...100_000, using: &chance)
            }
            if Int.random(in: 0..<30, using: &chance) == 0, let one = bench.entries.randomElement(using: &chance) {
                bench.end(one.suspension.number)
            }
            for route in bench.routes.indices {
                let place = Int.random(in: bench.routes[route].candidates.indices, using: &chance)
                bench.routes[route].candidates[place].serves = Int.random(in: 0..<8, using: &chance) != 0
            }
            let findings = standards.flatMap { standard in
                Self.models.map { model in
                    (
                        standard, SuspendedScope.model(model),
                        StandardVerdict.Ruling.allCases.randomElement(using: &chance) ?? .met
                    )
                }
            }
            for (standard, scope, ruling) in findings {
                let place = StandardPlace(standard.id, scope)
                breached[place] = ruling == .breached ? breached[place] ?? bench.now.boot : nil
                green[place] = ruling == .met ? green[place] ?? bench.now.boot : nil
            }
            let before = (bench.entries, Self.dark(bench))
            let events = bench.round(findings)
            for event in events {
                switch event {
                case .order(let order, let place, _):
                    let standard = standards.first { $0.id == place.standard }
                    let waited = breached[place].map { Int((bench.now.boot - $0) / 1_000_000_000) }
                    #expect(waited ?? -1 >= standard?.terms.grace ?? .max, "seed \(seed), step \(step)")
                    #expect(standard?.breach != .warn, "seed \(seed), step \(step)")
                    #expect(!before.0.contains { $0.suspension.isOrdered(by: place) }, "seed \(seed), step \(step)")
                    let isNew = !before.0.contains { $0.suspension.scopes == order.scopes }
                    if isNew, before.1.isEmpty {
                        #expect(Self.dark(bench).isEmpty, "seed \(seed), step \(step): nobody serves")
                    }
                case .return(_, let place):
                    let waited = green[place].map { Int((bench.now.boot - $0) / 1_000_000_000) }
                    #expect(waited ?? -1 >= Standard.usualSteady, "seed \(seed), step \(step)")
                    #expect(
                        standards.first { $0.id == place.standard }?.terms.comesBack == .byItself,
                        "seed \(seed), step \(step)")
                    returned[place, default: []].append(bench.now.boot)
                    let today = returned[place]?.count { bench.now.boot - $0 < 86_400 * 1_000_000_000 } ?? 0
                    #expect(today <= Standard.returnsADay, "seed \(seed), step \(step): \(today) returns in a day")
                case .breached, .warned, .needsPeople, .recovered, .unknown: break
                }
            }
        }
    }
}
