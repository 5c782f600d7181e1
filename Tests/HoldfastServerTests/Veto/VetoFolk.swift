import Encodings
import HoldfastServer
import Seeded
import Signing
import Veto
import VetoSpool

/// People with keys, and the files that they write.
struct VetoFolk {
    static let start = VetoTime(wall: 1_800_000_000, boot: 5_000_000_000)
    static let installation = String(repeating: "0b", count: 32)
    /// Made once: all tests sign.
    static let keys: [String: ECPrivateKey] = [
        "alice": ECPrivateKey(), "bob": ECPrivateKey(), "carol": ECPrivateKey(), "mallory": ECPrivateKey(),
    ]

    var now = start
    var chance: SplitMix

    init(seed: UInt64 = 1) { chance = SplitMix(seed: seed) }

    mutating func pass(_ seconds: Int) {
        now.wall += seconds
        now.boot += UInt64(seconds) * 1_000_000_000
    }

    static func roster() throws -> Roster {
        try Roster(
            installation: installation,
            people: ["alice", "bob", "carol"].compactMap { name in
                keys[name].map { Roster.Person(name: name, keys: [$0.publicKey]) }
            })
    }

    /// Signed once: signatures of one text differ.
    private static let founded: Result<[UInt8], any Error> = Result { try founding(roster()) }

    static func founding() throws -> SpoolFile { file(.roster, 1, try founded.get()) }

    /// The statement of a first roster, signed by all of its people.
    static func founding(_ roster: Roster) throws -> [UInt8] {
        let statement = VetoStatement(founding: roster, notAfter: start.wall + 86_400)
        let people = roster.people.compactMap { keys[$0.name] }
        return Array(try SignedStatement(signing: statement, with: people).text.utf8)
    }

    static func file(_ kind: SpoolFolder.Kind, _ number: Int, _ bytes: [UInt8]) -> SpoolFile {
        SpoolFile(kind: kind, number: number, digest: VetoRecord.digest(of: bytes), bytes: bytes)
    }

    mutating func suspension(
        _ scopes: [String] = ["model:openai/gpt"], by name: String = "alice", expires: Int? = nil
    ) -> Suspension {
        Suspension(
            number: 0, scopes: scopes.compactMap { SuspendedScope($0) },
            reason: SuspensionReason(.security, text: "a leak"), orderer: .person(name), ordered: now.wall,
            expires: expires.map { now.wall + $0 }, roster: 1, nonce: Nonce.make(&chance))
    }

    mutating func envelope(_ decision: VetoStatement.Decision, by names: [String]) throws -> [UInt8] {
        let statement = VetoStatement(
            installation: Self.installation, roster: 1, notAfter: now.wall + 86_400, nonce: Nonce.make(&chance),
            decision: decision)
        let signed = try SignedStatement(signing: statement, with: names.compactMap { Self.keys[$0] })
        return Array(signed.text.utf8)
    }

    mutating func order(
        _ number: Int, _ scopes: [String] = ["model:openai/gpt"], by name: String = "alice", expires: Int? = nil
    ) throws -> SpoolFile {
        let suspension = suspension(scopes, by: name, expires: expires)
        return Self.file(.orders, number, try envelope(.order([suspension]), by: [name]))
    }

    mutating func approval(of number: Int, in machine: VetoMachine, by name: String) throws -> SpoolFile {
        guard let suspension = machine.suspension(number) else { throw VetoRefusal.unknownNumber(number) }
        let attempt = machine.standing(of: number)?.attempt ?? 1
        let bytes = try envelope(
            .restore(VetoTarget(suspension), RestoreConditions(attempt: attempt)), by: [name])
        return Self.file(.statements, 0, bytes)
    }

    func desk(_ policy: VetoPolicy = VetoPolicy(), identity: VetoIdentity = VetoIdentity()) throws -> VetoDesk {
        try VetoDesk(policy: policy, start: now, boot: "boot-1", identity: identity)
    }
}

extension VetoDesk {
    func phase(_ number: Int) -> SuspensionPhase? { machine.standing(of: number)?.phase }
}
