import Synchronization
import Veto

/// A machine of standards on a clock that the test moves, with a keeper of
/// suspensions that records what the machine orders.
struct StandardsBench {
    var machine: StandardsMachine
    var now = VetoTime(wall: 1_800_000_000, boot: 1_000_000_000_000)
    var routes: [StandardSituation.Route] = []
    var entries: [SuspensionIndex.Entry] = []
    private var number = 0

    init() {
        let count = Mutex(0)
        machine = StandardsMachine {
            count.withLock { count in
                count += 1
                return "nonce-\(count)"
            }
        }
    }

    mutating func pass(_ seconds: Int) {
        now.wall += seconds
        now.boot += UInt64(seconds) * 1_000_000_000
    }

    var situation: StandardSituation {
        StandardSituation(routes: routes, suspended: entries)
    }

    /// One round; orders come into force, unless `records` is false.
    mutating func round(
        _ findings: [(Standard, SuspendedScope, StandardVerdict.Ruling)], records: Bool = true
    ) -> [StandardEvent] {
        let events = machine.take(
            findings.map { StandardFinding($0.0, $0.1, StandardVerdict($0.2, "evidence", seen: now.wall)) },
            in: situation, at: now)
        for event in events {
            switch event {
            case .order(let order, _, _) where records: record(order)
            case .return(let number, _): end(number)
            default: break
            }
        }
        return events
    }

    mutating func round(
        _ standard: Standard, _ scope: SuspendedScope, _ ruling: StandardVerdict.Ruling, records: Bool = true
    ) -> [StandardEvent] {
        round([(standard, scope, ruling)], records: records)
    }

    mutating func record(_ order: Suspension) {
        number += 1
        var order = order
        order.number = number
        entries.append(.init(order, .suspended))
    }

    mutating func end(_ number: Int) { entries.removeAll { $0.suspension.number == number } }

    /// The ids of suspensions in force.
    var inForce: [String] { entries.map(\.suspension.id) }
}

extension Standard {
    /// A standard that suspends models, for tests.
    static func engine(
        _ id: String = "engine", breach: Breach = .suspend, grace: Int = 30, returns: Suspension.Return = .byItself,
        evenTheLast: Bool = false
    ) -> Standard {
        Standard(
            id: id, subjects: [.models], check: .engine(restarts: 5, over: 600), breach: breach,
            terms: Terms(grace: grace, comesBack: returns, evenTheLast: evenTheLast))
    }
}

/// A route whose candidates all serve.
func route(_ name: String, _ models: [String]) -> StandardSituation.Route {
    StandardSituation.Route(name: name, candidates: models.map { .init(SuspensionSubject(id: $0)) })
}
