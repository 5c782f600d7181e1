import Seeded
import Signing
import Testing
import Veto

/// People with keys that are made once for all tests, since most tests sign.
struct VetoPeople {
    static let names = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"]
    /// Two keys for each; heidi's are on P-384.
    static let keys: [String: [ECPrivateKey]] = {
        var keys: [String: [ECPrivateKey]] = [:]
        for (index, name) in names.enumerated() {
            keys[name] = (0..<2).map { _ in index == 7 ? ECPrivateKey.p384() : ECPrivateKey() }
        }
        return keys
    }()
    static let sealed = (0..<3).map { _ in ECPrivateKey() }
    static let stranger = ECPrivateKey()
    static let installation = String(repeating: "0a", count: 32)
    static let recovery = Roster.Recovery(keys: sealed.map(\.publicKey), threshold: 2)

    static func key(_ name: String, _ which: Int = 0) -> ECPrivateKey { keys[name]?[which] ?? stranger }

    /// The private keys of these public ones, as far as anybody has them.
    static func holding(_ keys: some Sequence<ECPublicKey>) -> [ECPrivateKey] {
        let wanted = Set(keys)
        return names.flatMap { Self.keys[$0] ?? [] }.filter { wanted.contains($0.publicKey) }
    }

    static func person(_ name: String, _ which: [Int] = [0]) -> Roster.Person {
        Roster.Person(name: name, keys: which.map { key(name, $0).publicKey })
    }

    /// Version 1: alice with two keys, bob and carol with one; two of three
    /// recovery keys.
    static func founding() throws -> Roster {
        try Roster(
            installation: installation, people: [person("alice", [0, 1]), person("bob"), person("carol")],
            recovery: recovery)
    }
}

/// A machine with people, a time and a source of nonces.
struct VetoHouse {
    static let start = VetoTime(wall: 1_800_000_000, boot: 5_000_000_000)

    var machine: VetoMachine
    var now = start
    var chance: SplitMix
    var facts: [VetoFact] = []
    /// The number of inputs with which the machine has seen the clocks.
    var observations = 0

    init(_ policy: VetoPolicy = VetoPolicy(), people: Bool = true, seed: UInt64 = 1) throws {
        machine = try VetoMachine(
            policy: policy, founding: people ? VetoPeople.founding() : nil, start: Self.start)
        chance = SplitMix(seed: seed)
    }

    /// Both clocks go on.
    mutating func pass(_ seconds: Int) {
        now.wall += seconds
        now.boot += UInt64(seconds) * 1_000_000_000
    }

    mutating func nonce() -> String { Nonce.make(&chance) }

    mutating func suspension(
        _ scopes: [String] = ["model:openai/gpt"], by name: String = "alice", expires: Int? = nil
    ) -> Suspension {
        Suspension(
            number: 0, scopes: scopes.compactMap { SuspendedScope($0) },
            reason: SuspensionReason(.security, text: "a leak"), orderer: .person(name), ordered: now.wall,
            expires: expires.map { now.wall + $0 }, roster: machine.chain?.current.version ?? 0, nonce: nonce())
    }

    mutating func statement(_ decision: VetoStatement.Decision) -> VetoStatement {
        VetoStatement(
            installation: VetoPeople.installation, roster: machine.chain?.current.version ?? 1,
            notAfter: now.wall + 86_400, nonce: nonce(), decision: decision)
    }

    /// The statement as it comes from a file, verified with the keys that the
    /// machine knows.
    func signed(_ statement: VetoStatement, _ keys: [ECPrivateKey]) throws(VetoRefusal) -> VerifiedStatement {
        let written = try SignedStatement(signing: statement, with: keys)
        return try machine.verified(try SignedStatement(Array(written.text.utf8)))
    }

    /// Takes a statement, and keeps it as a fact unless it is refused.
    @discardableResult
    mutating func take(_ statement: VerifiedStatement, number: Int? = nil) -> [VetoEvent] {
        record(.statement(statement, number: number, at: now))
    }

    /// The keys that have to sign a version of the roster because it brings
    /// them.
    func newcomers(_ statement: VetoStatement) -> [ECPrivateKey] {
        guard let next = statement.brought else { return [] }
        return VetoPeople.holding(machine.chain?.newKeys(of: next) ?? Set(next.peoplesKeys))
    }

    /// - Parameter areProven: true where the keys that a version of the roster
    ///   brings sign it, too.
    @discardableResult
    mutating func take(
        _ statement: VetoStatement, by keys: [ECPrivateKey], number: Int? = nil, areProven: Bool = true
    ) -> [VetoEvent] {
        let known = Set(keys.map(\.publicKey))
        let proofs = areProven ? newcomers(statement).filter { !known.contains($0.publicKey) } : []
        do throws(VetoRefusal) {
            return take(try signed(statement, keys + proofs), number: number)
        } catch {
            return [.refused(number: statement.number ?? number, reason: error)]
        }
    }

    @discardableResult
    mutating func record(_ fact: VetoFact) -> [VetoEvent] {
        machine.observe(now)
        observations += 1
        let events = machine.replay(fact)
        if refusal(events) == nil { facts.append(fact) }
        return events
    }

    @discardableResult
    mutating func tick() -> [VetoEvent] {
        observations += 1
        let events = machine.tick(at: now)
        facts += events.compactMap { VetoFact(ofTick: $0, at: now) }
        return events
    }

    // MARK: By name

    @discardableResult
    mutating func pull(
        _ number: Int, _ scopes: [String] = ["model:openai/gpt"], by name: String = "alice", expires: Int? = nil
    ) -> [VetoEvent] {
        let suspension = suspension(scopes, by: name, expires: expires)
        return take(statement(.order([suspension])), by: [VetoPeople.key(name)], number: number)
    }

    func target(_ number: Int) -> VetoTarget {
        machine.suspension(number).map { VetoTarget($0) }
            ?? VetoTarget(number: number, digest: Array(repeating: 0, count: 32), scopes: [.route("none")])
    }

    mutating func restoration(_ number: Int, modelMayDiffer: Bool = false) -> VetoStatement {
        let attempt = machine.standing(of: number)?.attempt ?? 1
        return statement(
            .restore(target(number), RestoreConditions(attempt: attempt, modelMayDiffer: modelMayDiffer)))
    }

    @discardableResult
    mutating func restore(_ number: Int, by names: String...) -> [VetoEvent] {
        names.flatMap { name in
            let statement = restoration(number)
            return take(statement, by: [VetoPeople.key(name)])
        }
    }

    @discardableResult
    mutating func ratify(_ number: Int, by name: String) -> [VetoEvent] {
        let statement = statement(.ratify(target(number)))
        return take(statement, by: [VetoPeople.key(name)])
    }

    @discardableResult
    mutating func shorten(_ number: Int, to expires: Int, by name: String) -> [VetoEvent] {
        let statement = statement(.shorten(target(number), expires: expires))
        return take(statement, by: [VetoPeople.key(name)])
    }

    /// A next version with these people, each with their first key.
    func next(_ names: [String], threshold: Int = 2) throws -> Roster {
        let current = try #require(machine.chain).current
        return try current.next(
            threshold: threshold, people: names.map { VetoPeople.person($0) }, recovery: VetoPeople.recovery)
    }

    @discardableResult
    mutating func adopt(_ roster: Roster, by names: String...) -> [VetoEvent] {
        let statement = statement(.roster(roster))
        return take(statement, by: names.map { VetoPeople.key($0) })
    }

    func phase(_ number: Int) -> SuspensionPhase? { machine.standing(of: number)?.phase }

    /// Another machine that replays what this one took, after a restart.
    func again() throws -> VetoMachine {
        var other = try VetoMachine(
            policy: machine.policy, founding: try machine.chain?.versions.first,
            start: VetoTime(wall: now.wall, boot: 1))
        for fact in facts { _ = other.replay(fact) }
        return other
    }
}

/// Returns the refusal that is all that happened; nil where something did.
func refusal(_ events: [VetoEvent]) -> VetoRefusal? {
    guard events.count == 1, case .refused(_, let reason) = events[0] else { return nil }
    return reason
}
