import Signing
import Testing
import Veto

@Suite struct RosterTests {
    @Test func theSameRosterHasTheSameBytes() throws {
        let roster = try VetoPeople.founding()
        let shuffled = try Roster(
            installation: VetoPeople.installation,
            people: [VetoPeople.person("carol"), VetoPeople.person("bob"), VetoPeople.person("alice", [0, 1])],
            recovery: VetoPeople.recovery)
        #expect(roster == shuffled && roster.canonical == shuffled.canonical && roster.digest == shuffled.digest)
        #expect(try Roster(roster.canonical) == roster)
        let next = try roster.next(threshold: 3, people: roster.people, recovery: nil)
        #expect(try Roster(next.canonical) == next && next.version == 2 && next.previous == roster.digest)
        #expect(
            String(decoding: roster.canonical, as: UTF8.self).hasPrefix(
                #"{"_type":"https://holdfast/veto/roster/v1","version":1,"installation":"0a0a"#))
    }

    @Test(arguments: ["", "Alice", "al ice", "al\u{0}ice", "ålice", "а", String(repeating: "a", count: 65)])
    func aNameThatCouldLookLikeAnother(_ name: String) {
        #expect(!Roster.isName(name))
        #expect(throws: VetoRefusal.self) {
            try Roster(
                installation: VetoPeople.installation,
                people: [
                    Roster.Person(name: name, keys: [VetoPeople.key("alice").publicKey]), VetoPeople.person("bob"),
                ])
        }
    }

    private static func make(
        people: [Roster.Person] = [VetoPeople.person("alice"), VetoPeople.person("bob")], threshold: Int = 2,
        recovery: Roster.Recovery? = VetoPeople.recovery, installation: String = VetoPeople.installation,
        version: Int = 1, previous: [UInt8]? = nil
    ) throws(VetoRefusal) -> Roster {
        try Roster(
            version: version, installation: installation, previous: previous, threshold: threshold, people: people,
            recovery: recovery)
    }

    @Test func rostersThatBreakARule() throws {
        _ = try Self.make()
        let alice = VetoPeople.person("alice")
        let sealed = VetoPeople.sealed.map(\.publicKey)
        let broken: [() throws -> Roster] = [
            { try Self.make(people: [alice]) },
            { try Self.make(people: []) },
            { try Self.make(threshold: 1) },
            { try Self.make(threshold: 3) },
            { try Self.make(people: [alice, alice]) },
            { try Self.make(people: [alice, Roster.Person(name: "bob", keys: alice.keys)]) },
            { try Self.make(people: [alice, Roster.Person(name: "bob", keys: [])]) },
            { try Self.make(people: [alice, Roster.Person(name: "bob", keys: [sealed[0]])]) },
            { try Self.make(recovery: Roster.Recovery(keys: sealed, threshold: 0)) },
            { try Self.make(recovery: Roster.Recovery(keys: sealed, threshold: 4)) },
            { try Self.make(recovery: Roster.Recovery(keys: [], threshold: 0)) },
            { try Self.make(recovery: Roster.Recovery(keys: [sealed[0], sealed[0]], threshold: 1)) },
            { try Self.make(installation: "house") },
            { try Self.make(version: 2) },
            { try Self.make(version: 0) },
            { try Self.make(previous: Array(repeating: 1, count: 32)) },
            { try Self.make(version: 2, previous: [1]) },
            {
                try Self.make(
                    people: (0..<17).map { Roster.Person(name: "p\($0)", keys: [ECPrivateKey().publicKey]) })
            },
        ]
        for (index, make) in broken.enumerated() {
            #expect(throws: VetoRefusal.self, "roster \(index)") { try make() }
        }
    }

    @Test func aRosterInAnotherSpellingIsRefused() throws {
        let text = String(decoding: try VetoPeople.founding().canonical, as: UTF8.self)
        let spellings = [
            text + "\n", text.replacing(",", with: ", "), text.replacing("\"version\":1", with: "\"version\":1.0"),
            text.replacing("\"threshold\":2", with: "\"threshold\":2,\"threshold\":2"),
            text.replacing("\"previous\":null,", with: ""), text.replacing("null", with: "\"\""),
            text.replacing("\"recovery\"", with: "\"recovery_\""), String(text.dropLast()), "", "[]", "{}",
            text.replacing("alice", with: "alicé"),
        ]
        for spelling in spellings {
            #expect(throws: VetoRefusal.self) { try Roster(Array(spelling.utf8)) }
        }
        #expect(throws: VetoRefusal.self) { try Roster(Array(repeating: 0x20, count: Roster.mostBytes + 1)) }
    }

    @Test func aChainBeginsWithVersionOne() throws {
        let founding = try VetoPeople.founding()
        let next = try founding.next(threshold: 2, people: founding.people, recovery: nil)
        #expect(throws: VetoRefusal.brokenChain("the first roster is version 2")) { try RosterChain(founding: next) }
        let chain = try RosterChain(founding: founding)
        #expect(chain.people(countingFor: 1) == ["alice", "bob", "carol"])
        #expect(chain.people(countingFor: 0) == ["alice", "bob", "carol"])
        #expect(chain.since(of: "alice") == 1 && chain.since(of: "dave") == nil)
        #expect(chain.keys.count == 7 && chain.isRecoveryKey(VetoPeople.sealed[2].publicKey))
    }
}
