import Seeded
import Signing
import Testing
import Veto

/// One house under random events.
///
/// The model of the rules is apart from the machine's: it has a list of who was
/// in which version with which keys, and a list of the signatures that were
/// made. Keys are given to another person, or taken back, only as the rules
/// allow.
struct RulesTrial {
    struct Broken: Error, CustomStringConvertible {
        var description: String
        init(_ description: String) { self.description = description }
    }

    /// A signature over a restoration that was made in the test.
    struct Made {
        var statement: VetoStatement
        var verified: VerifiedStatement
        var number: Int?
        var wasTaken = false
    }

    /// Names with keys, by version from 1; true where recovery keys made it.
    struct Version {
        var people: [String: [Int]]
        var signers: Set<String>
        var isReplacement: Bool
    }

    var house: VetoHouse
    var chance: SplitMix
    var made: [Made] = []
    var versions: [Version]
    /// By name and key, for the version in force.
    var since: [String: [Int: Int]] = ["alice": [0: 1, 1: 1], "bob": [0: 1], "carol": [0: 1]]
    var orders: [Int: Suspension] = [:]
    /// The way back that is under way, by number.
    var cause: [Int: VetoEvent.ReturnCause] = [:]
    /// The people who have approved this attempt, by number, with the keys that
    /// they used and the time until which it counts.
    var approvals: [Int: [String: (key: Int, notAfter: Int)]] = [:]
    var greens: Set<Int> = []
    /// The seconds by which the wall clock was set since the start.
    var set = 0
    /// False once the machine has had an input while the clocks differed.
    var clocksAgree = true
    var counts: [String: Int] = [:]
    var nextNumber = 1
    var pending: (people: [String: [Int]], due: Int)?

    init(seed: UInt64) throws {
        chance = SplitMix(seed: seed)
        house = try VetoHouse(VetoPolicy(unratified: seed % 2 == 0 ? .stands : .lapses), seed: seed)
        versions = [
            Version(people: ["alice": [0, 1], "bob": [0], "carol": [0]], signers: [], isReplacement: false)
        ]
    }

    var current: Version { versions[versions.count - 1] }

    mutating func pick(_ names: [String]) -> String { names.randomElement(using: &chance) ?? "alice" }
    mutating func roll(_ sides: Int) -> Int { Int.random(in: 0..<sides, using: &chance) }

    /// The first versions of which suspensions the keys of this version count
    /// for, out of the list of versions alone.
    private func sinces(in version: Version, after since: [String: [Int: Int]], number: Int) -> [String: [Int: Int]] {
        var now: [String: [Int: Int]] = [:]
        // The signers' say: two have to sign, so the second best counts.
        let vouched = version.signers.compactMap { since[$0]?.values.min() }.sorted()
        let least = vouched.count >= 2 ? vouched[1] : number
        for (name, keys) in version.people {
            let before = since[name]
            for key in keys {
                if let old = before?[key] {
                    now[name, default: [:]][key] = old
                } else if let before, !version.isReplacement, let own = before.values.max() {
                    now[name, default: [:]][key] = max(own, least)
                } else {
                    now[name, default: [:]][key] = number
                }
            }
        }
        return now
    }

    func counts(_ name: String, _ key: Int, for number: Int) -> Bool {
        guard let since = since[name]?[key], let order = orders[number] else { return false }
        return since <= order.roster
    }

    // MARK: Steps

    mutating func step() throws {
        let seen = house.observations
        switch roll(20) {
        case 0, 1: try pull()
        case 2, 3, 4, 5, 6: try approve()
        case 7: try replay()
        case 8: try forge()
        case 9: try ratifyOrShorten()
        case 10, 11, 12: try gate()
        case 13: try changeRoster()
        case 14: try breakGlass()
        case 15: try standard()
        case 16: moveWallClock()
        default: try passTime()
        }
        if house.observations > seen { observed() }
        try check()
    }

    private mutating func note(_ name: String) { counts[name, default: 0] += 1 }

    private mutating func key(of name: String) -> Int { current.people[name]?.randomElement(using: &chance) ?? roll(2) }

    private mutating func pull() throws {
        let name = pick(VetoPeople.names)
        let key = key(of: name)
        let scopes = [["model:a/b"], ["route:r", "key:k"], ["lab:l"], ["host:h"]][roll(4)]
        var suspension = house.suspension(scopes, by: name, expires: roll(3) == 0 ? 600 + roll(4000) : nil)
        let statement = house.statement(.order([suspension]))
        let number = nextNumber
        let events = house.take(statement, by: [VetoPeople.key(name, key)], number: number)
        let mayOrder = current.people[name]?.contains(key) ?? false
        guard mayOrder == (refusal(events) == nil) else { throw Broken("an order by \(name): \(events)") }
        guard mayOrder else { return note("refused") }
        suspension.number = number
        orders[number] = suspension
        nextNumber += 1
        if let verified = try? house.signed(statement, [VetoPeople.key(name, key)]) {
            made.append(Made(statement: statement, verified: verified, number: number, wasTaken: true))
        }
    }

    /// A number that is or isn't there; more often one that is in force.
    private mutating func number() -> Int {
        let open = house.machine.index.entries.map(\.suspension.number)
        return roll(8) == 0 ? 1 + roll(max(1, nextNumber)) : open.randomElement(using: &chance) ?? 1
    }

    private mutating func approve() throws {
        let number = number()
        let name = roll(6) == 0 ? pick(VetoPeople.names) : pick(Array(current.people.keys.sorted()))
        let key = key(of: name)
        var statement = house.restoration(number)
        statement.notAfter = house.now.wall + 100 + roll(2 * VetoStatement.longest)
        try take(statement, by: name, key)
    }

    private mutating func take(_ statement: VetoStatement, by name: String, _ key: Int) throws {
        let verified: VerifiedStatement
        do throws(VetoRefusal) {
            verified = try house.signed(statement, [VetoPeople.key(name, key)])
        } catch {
            return note("refused")
        }
        try take(Made(statement: statement, verified: verified, number: nil), by: name, key)
    }

    private mutating func take(_ one: Made, by name: String, _ key: Int) throws {
        guard case .restore(let target, let conditions) = one.statement.decision else { return }
        let before = house.machine.state
        let phase = house.phase(target.number)
        let attempt = house.machine.standing(of: target.number)?.attempt
        let events = house.take(one.verified)
        var kept = one
        if let reason = refusal(events) {
            note("refused")
            if one.wasTaken { note("replayed") }
            guard house.machine.state == before else { throw Broken("a refusal changed something: \(reason)") }
            made.append(kept)
            return
        }
        guard !one.wasTaken else { throw Broken("a replay worked: \(events)") }
        guard phase == .suspended, attempt == conditions.attempt, let order = orders[target.number],
            target == VetoTarget(order), counts(name, key, for: target.number),
            one.statement.roster == versions.count, one.statement.notAfter >= house.now.wall,
            one.statement.notAfter <= house.now.wall + VetoStatement.longest
        else { throw Broken("an approval of S\(target.number) by \(name) counted: \(events)") }
        // Approvals that have ended make room for new ones.
        let rest = events.drop { if case .approvalEnded = $0 { true } else { false } }
        try heed(Array(events[..<rest.startIndex]))
        guard approvals[target.number]?[name] == nil else {
            throw Broken("\(name) approved S\(target.number) twice")
        }
        approvals[target.number, default: [:]][name] = (key, one.statement.notAfter)
        kept.wasTaken = true
        made.append(kept)
        try heed(Array(rest))
    }

    /// Hands in again, as it was, a statement that was signed before.
    private mutating func replay() throws {
        guard let index = made.indices.randomElement(using: &chance) else { return }
        let one = made[index]
        if case .restore = one.statement.decision {
            // The signer is the one that the machine finds.
            guard let (name, key) = owner(one.verified.signers[0]) else { return }
            made.remove(at: index)
            return try take(one, by: name, key)
        }
        let before = house.machine.state
        let events = house.take(one.verified, number: roll(2) == 0 ? one.number : nextNumber)
        guard refusal(events) != nil || !one.wasTaken else { throw Broken("a replay worked: \(events)") }
        guard house.machine.state == before else { throw Broken("a replay changed something") }
        note("replayed")
    }

    private func owner(_ key: ECPublicKey) -> (String, Int)? {
        for (name, keys) in VetoPeople.keys {
            if let index = keys.firstIndex(where: { $0.publicKey == key }) { return (name, index) }
        }
        return nil
    }

    /// Statements about something that isn't so.
    private mutating func forge() throws {
        let number = number()
        guard let order = orders[number] else { return }
        var target = VetoTarget(order)
        var attempt = house.machine.standing(of: number)?.attempt ?? 1
        var roster = versions.count
        switch roll(5) {
        case 0: target.scopes.append(.lab("more"))
        case 1: target.number = 1 + number % max(2, nextNumber)
        case 2: target.digest[roll(32)] ^= 1
        case 3: attempt += 1
        default: roster += 1
        }
        guard
            target != VetoTarget(order) || attempt != house.machine.standing(of: number)?.attempt
                || roster > versions.count
        else { return }
        var statement = house.statement(.restore(target, RestoreConditions(attempt: attempt)))
        statement.roster = roster
        let name = pick(current.people.keys.sorted())
        let before = house.machine.state
        let events = house.take(statement, by: [VetoPeople.key(name, key(of: name))])
        guard refusal(events) != nil, house.machine.state == before else { throw Broken("forged: \(events)") }
        note("refused")
    }

    private mutating func ratifyOrShorten() throws {
        let number = number()
        let name = pick(VetoPeople.names)
        let key = key(of: name)
        let before = house.machine.expiry(of: number)
        let end = house.now.wall + roll(5000)
        let decision: VetoStatement.Decision =
            roll(2) == 0 ? .ratify(house.target(number)) : .shorten(house.target(number), expires: end)
        let statement = house.statement(decision)
        let events = house.take(statement, by: [VetoPeople.key(name, key)])
        if refusal(events) == nil, !counts(name, key, for: number) { throw Broken("\(name) counted: \(events)") }
        for case .shortened(_, let expires, let people) in events {
            guard Set(people).count >= 2, before.map({ expires < $0 }) ?? true else { throw Broken("\(events)") }
        }
        if case .ratify = decision, refusal(events) == nil, orders[number]?.orderer == .person(name) {
            throw Broken("\(name) ratified their own order")
        }
        if let after = house.machine.expiry(of: number), let before, after > before { throw Broken("a later end") }
        try heed(events)
    }

    private mutating func gate() throws {
        let number = number()
        let result: GateResult =
            switch roll(4) {
            case 0: .failed(reason: "errors")
            case 1: .whole
            default: .share(percent: 1 + roll(99))
            }
        let phase = house.phase(number)
        let events = house.record(.gate(number: number, result, at: house.now))
        if refusal(events) == nil, phase == .suspended || phase == nil { throw Broken("a gate nobody opened") }
        try heed(events)
    }

    private mutating func standard() throws {
        if roll(3) == 0 {
            var suspension = house.suspension()
            suspension.number = nextNumber
            suspension.orderer = .standard("receipt")
            suspension.comesBack = roll(2) == 0 ? .people : .byItself
            let events = house.record(.order(suspension, at: house.now))
            guard refusal(events) == nil else { throw Broken("a standard can't order: \(events)") }
            orders[nextNumber] = suspension
            nextNumber += 1
            return
        }
        let number = number()
        let events = house.record(.green(number: number, at: house.now))
        if refusal(events) == nil { greens.insert(number) }
        try heed(events)
    }

    // MARK: People come and go

    private mutating func somePeople() -> [String: [Int]] {
        var people = current.people
        let name = pick(VetoPeople.names)
        switch roll(3) {
        case 0: people[name] = nil
        case 1: people[name] = [[0], [1], [0, 1]][roll(3)]
        default: if people[name] == nil { people[name] = [roll(2)] }
        }
        return people
    }

    private func roster(_ people: [String: [Int]]) throws(VetoRefusal) -> Roster? {
        guard let current = house.machine.chain?.current else { return nil }
        return try current.next(
            threshold: 2, people: people.map { VetoPeople.person($0.key, $0.value) }, recovery: VetoPeople.recovery)
    }

    private mutating func changeRoster() throws {
        let people = somePeople()
        guard let next = try? roster(people) else { return }
        var signers: Set<String> = []
        var keys: [ECPrivateKey] = []
        for _ in 0..<1 + roll(3) {
            let name = roll(8) == 0 ? pick(VetoPeople.names) : pick(current.people.keys.sorted())
            guard signers.insert(name).inserted else { continue }
            // The key that counts longest, as the model has it.
            keys.append(VetoPeople.key(name, oldest(name)))
        }
        let statement = house.statement(.roster(next))
        // Now and then a newcomer doesn't show that a key is held.
        let newcomers = house.newcomers(statement)
        let missing = newcomers.isEmpty || roll(4) > 0 ? nil : newcomers[roll(newcomers.count)]
        let proofs = newcomers.filter { new in
            new.publicKey != missing?.publicKey && !keys.contains { $0.publicKey == new.publicKey }
        }
        let events = house.take(statement, by: keys + proofs, areProven: false)
        let brought = Set(newcomers.map(\.publicKey))
        let deciders = signers.filter { current.people[$0] != nil }
        let isHeld = missing.map { new in keys.contains { $0.publicKey == new.publicKey } } ?? true
        // One from outside may only show that a key of the new version is held.
        let isEnough =
            deciders.count >= 2 && isHeld
            && keys.allSatisfy { key in
                brought.contains(key.publicKey)
                    || deciders.contains { name in
                        VetoPeople.keys[name]?.contains { $0.publicKey == key.publicKey } ?? false
                    }
            }
        guard isEnough == (refusal(events) == nil) else { throw Broken("a roster by \(signers): \(events)") }
        guard isEnough else { return note("refused") }
        note("rosters")
        changed(to: Version(people: people, signers: deciders, isReplacement: false))
        try heed(events)
    }

    private func oldest(_ name: String) -> Int {
        (current.people[name] ?? [0]).min { (since[name]?[$0] ?? .max) < (since[name]?[$1] ?? .max) } ?? 0
    }

    private mutating func changed(to version: Version) {
        versions.append(version)
        since = sinces(in: version, after: since, number: versions.count)
        pending = nil
        for (number, list) in approvals where house.phase(number) == .suspended {
            approvals[number] = list.filter { name, approval in
                version.people[name]?.contains(approval.key) == true && counts(name, approval.key, for: number)
            }
        }
    }

    private mutating func breakGlass() throws {
        if let pending, roll(2) == 0 {
            guard let roster = house.machine.replacement?.roster else { throw Broken("no replacement") }
            let name = pick(VetoPeople.names)
            let key = key(of: name)
            let cancel = house.statement(.cancel(version: roster.version, digest: roster.digest))
            let events = house.take(cancel, by: [VetoPeople.key(name, key)])
            let may = current.people[name]?.contains(key) ?? false
            guard may == (refusal(events) == nil), pending.due > 0 else {
                throw Broken("cancelled by \(name): \(events)")
            }
            if may { self.pending = nil }
            return
        }
        let people = somePeople()
        guard let next = try? roster(people) else { return }
        let count = 1 + roll(3)
        let statement = house.statement(.replace(next))
        let events = house.take(statement, by: Array(VetoPeople.sealed.prefix(count)))
        let may = count >= 2 && pending == nil
        guard may == (refusal(events) == nil) else { throw Broken("\(count) recovery keys: \(events)") }
        if may { pending = (people, house.now.wall + VetoPolicy.replacementDelay) }
    }

    // MARK: Time

    private mutating func moveWallClock() {
        guard roll(6) == 0 else { return }
        // Now and then back to about where it was, seen in between or not.
        let seconds = set != 0 && roll(3) == 0 ? roll(200) - set : (roll(2) == 0 ? 1 : -1) * (301 + roll(200_000))
        house.now.wall += seconds
        set += seconds
    }

    private mutating func observed() {
        if abs(set) > ClockAgreement.most { clocksAgree = false }
    }

    private mutating func passTime() throws {
        if !clocksAgree, roll(3) == 0 {
            // A restart: the facts make the same machine, and the clocks are
            // believed anew.
            let again = try house.again()
            guard again.state == house.machine.state else { throw Broken("a replay of the facts differs") }
            house.machine = again
            house.now.boot = 1
            (clocksAgree, set) = (true, 0)
        }
        house.pass([1, 60, 900, 40_000][roll(4)])
        observed()
        try heed(house.tick(), isTick: true)
    }

    /// Compares events with what may be.
    private mutating func heed(_ events: [VetoEvent], isTick: Bool = false) throws {
        for event in events {
            switch event {
            case .verifying(let number, let reason):
                try mayReturn(number, reason, isTick)
                cause[number] = reason
            case .restored(let number):
                guard let reason = cause[number] else { throw Broken("S\(number) was restored for no reason") }
                if case .people(let names) = reason, Set(names).count < 2 { throw Broken("restored by \(names)") }
                note("restored")
            case .gateFailed(let number, _):
                cause[number] = nil
                approvals[number] = nil
            case .lapsed(let number):
                guard clocksAgree, isTick, case .person = orders[number]?.orderer else {
                    throw Broken("S\(number) lapsed")
                }
                note("lapsed")
            case .roster where isTick:
                guard let pending, clocksAgree, pending.due <= house.now.wall else {
                    throw Broken("replaced too early")
                }
                changed(to: Version(people: pending.people, signers: [], isReplacement: true))
                note("replaced")
            case .approvalEnded(let number, let name):
                guard let approval = approvals[number]?[name] else { continue }
                guard approval.notAfter < house.now.wall || !counts(name, approval.key, for: number) else {
                    throw Broken("the approval of \(name) for S\(number) ended for no reason")
                }
                approvals[number]?[name] = nil
            default: break
            }
        }
    }

    private mutating func mayReturn(_ number: Int, _ reason: VetoEvent.ReturnCause, _ isTick: Bool) throws {
        guard let order = orders[number] else { throw Broken("S\(number) isn't there") }
        switch reason {
        case .people(let names):
            let valid = (approvals[number] ?? [:]).filter { name, approval in
                approval.notAfter >= house.now.wall && counts(name, approval.key, for: number)
                    && current.people[name]?.contains(approval.key) == true
            }
            guard Set(names).count >= 2, Set(names).isSubset(of: valid.keys) else {
                throw Broken("S\(number) returns by \(names), and \(valid.keys.sorted()) signed")
            }
            note("by people")
        case .expiry:
            guard clocksAgree, isTick, (house.machine.expiry(of: number) ?? .max) <= house.now.wall else {
                throw Broken("S\(number) expired")
            }
            note("by expiry")
        case .standard:
            guard case .standard = order.orderer, order.comesBack == .byItself, greens.contains(number) else {
                throw Broken("S\(number) returns by a standard")
            }
            note("by a standard")
        }
    }

    // MARK: After each step

    private func check() throws {
        guard house.machine.chain?.current.version == versions.count else { throw Broken("another roster") }
        for entry in house.machine.index.entries {
            guard var order = orders[entry.suspension.number] else { throw Broken("nobody ordered it") }
            order.expires = entry.suspension.expires
            guard entry.suspension == order else { throw Broken("S\(entry.suspension.number) is not what was ordered") }
        }
        for (number, _) in orders where house.machine.standing(of: number) == nil { throw Broken("S\(number) is lost") }
    }

    mutating func finish() throws {
        guard try house.again().state == house.machine.state else { throw Broken("a replay of the facts differs") }
        for (number, order) in orders {
            guard house.machine.suspension(number) == order else { throw Broken("S\(number) is not what was ordered") }
        }
    }
}
