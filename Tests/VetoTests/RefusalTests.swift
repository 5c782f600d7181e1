import Documented
import Signing
import Testing
import Veto

/// A statement that must be refused, and the refusal's word.
struct Refused: Sendable, CustomTestStringConvertible {
    var name: String
    var code: String
    var attempt: @Sendable (inout VetoHouse) throws -> [VetoEvent]

    init(_ name: String, _ code: String, _ attempt: @escaping @Sendable (inout VetoHouse) throws -> [VetoEvent]) {
        (self.name, self.code, self.attempt) = (name, code, attempt)
    }

    var testDescription: String { name }
}

@Suite struct RefusalTests {
    /// In a house with S1 by alice, S2 by bob with an end in an hour, S3 by a
    /// standard.
    static let table: [Refused] = [
        Refused("another installation", "wrong-installation") { house in
            var statement = house.restoration(1)
            statement.installation = String(repeating: "0b", count: 32)
            return house.take(statement, by: [VetoPeople.key("bob")])
        },
        Refused("a roster that isn't there yet", "roster-version") { house in
            var statement = house.restoration(1)
            statement.roster = 2
            return house.take(statement, by: [VetoPeople.key("bob")])
        },
        Refused("a roster that was before", "roster-version") { house in
            let early = house.restoration(1)
            house.adopt(try house.next(["alice", "bob", "carol", "dave"]), by: "alice", "bob")
            return house.take(early, by: [VetoPeople.key("bob")])
        },
        Refused("a stranger", "unknown-signer") { house in
            let statement = house.restoration(1)
            return house.take(statement, by: [VetoPeople.stranger])
        },
        Refused("a stranger beside a person", "unknown-signer") { house in
            let statement = house.restoration(1)
            return house.take(statement, by: [VetoPeople.key("bob"), VetoPeople.stranger])
        },
        Refused("an order by one who doesn't sign it", "unknown-signer") { house in
            let statement = house.statement(.order([house.suspension(by: "alice")]))
            return house.take(statement, by: [VetoPeople.key("bob")], number: 9)
        },
        Refused("a newcomer", "not-in-roster-then") { house in
            house.adopt(try house.next(["alice", "bob", "carol", "dave"]), by: "alice", "bob")
            return house.restore(1, by: "dave")
        },
        Refused("a newcomer's ratification", "not-in-roster-then") { house in
            house.adopt(try house.next(["alice", "bob", "carol", "dave"]), by: "alice", "bob")
            return house.ratify(1, by: "dave")
        },
        Refused("one who was away for a version", "not-in-roster-then") { house in
            house.adopt(try house.next(["alice", "bob"]), by: "alice", "bob")
            house.adopt(try house.next(["alice", "bob", "carol"]), by: "alice", "bob")
            return house.restore(1, by: "carol")
        },
        Refused("one who has left", "not-in-roster-now") { house in
            house.adopt(try house.next(["alice", "bob"]), by: "alice", "bob")
            return house.restore(1, by: "carol")
        },
        Refused("an order of one who has left", "not-in-roster-now") { house in
            let early = house.statement(.order([house.suspension(by: "carol")]))
            house.adopt(try house.next(["alice", "bob"]), by: "alice", "bob")
            return house.take(early, by: [VetoPeople.key("carol")], number: 9)
        },
        Refused("a key that was replaced", "not-in-roster-now") { house in
            house.adopt(try house.next(["alice", "bob", "carol"]), by: "alice", "bob")
            let statement = house.restoration(1)
            return house.take(statement, by: [VetoPeople.key("alice", 1)])
        },
        Refused("a recovery key that restores", "recovery-key-is-no-person") { house in
            let statement = house.restoration(1)
            return house.take(statement, by: [VetoPeople.sealed[0]])
        },
        Refused("a recovery key that cancels", "recovery-key-is-no-person") { house in
            let statement = house.statement(.cancel(version: 2, digest: Array(repeating: 1, count: 32)))
            return house.take(statement, by: [VetoPeople.sealed[0]])
        },
        Refused("people who replace", "not-a-recovery-key") { house in
            let statement = house.statement(.replace(try house.next(["alice", "dave"])))
            return house.take(statement, by: [VetoPeople.sealed[0], VetoPeople.key("alice")])
        },
        Refused("an approval once more", "replayed") { house in
            let statement = house.restoration(1)
            house.take(statement, by: [VetoPeople.key("bob")])
            return house.take(statement, by: [VetoPeople.key("bob")])
        },
        Refused("an approval once more, with the person's other key", "replayed") { house in
            let statement = house.restoration(1)
            house.take(statement, by: [VetoPeople.key("alice", 0)])
            return house.take(statement, by: [VetoPeople.key("alice", 1)])
        },
        Refused("an order once more", "replayed") { house in
            let statement = house.statement(.order([house.suspension()]))
            house.take(statement, by: [VetoPeople.key("alice")], number: 9)
            return house.take(statement, by: [VetoPeople.key("alice")], number: 10)
        },
        Refused("a record once more, in another order", "replayed") { house in
            let suspension = house.suspension()
            for number in [9, 10] {
                let events = house.take(
                    house.statement(.order([suspension])), by: [VetoPeople.key("alice")], number: number)
                if number == 10 { return events }
            }
            return []
        },
        Refused("a replacement once more, after it was cancelled", "replayed") { house in
            let roster = try house.next(["dave", "erin"])
            let statement = house.statement(.replace(roster))
            house.take(statement, by: Array(VetoPeople.sealed[..<2]))
            let cancel = house.statement(.cancel(version: 2, digest: roster.digest))
            house.take(cancel, by: [VetoPeople.key("carol")])
            return house.take(statement, by: Array(VetoPeople.sealed[1...]))
        },
        Refused("an approval whose time is over", "stale") { house in
            let statement = house.restoration(1)
            house.pass(86_401)
            return house.take(statement, by: [VetoPeople.key("bob")])
        },
        Refused("a replacement whose time is over", "stale") { house in
            let statement = house.statement(.replace(try house.next(["dave", "erin"])))
            house.pass(86_401)
            return house.take(statement, by: Array(VetoPeople.sealed[..<2]))
        },
        Refused("an approval for more than seven days", "too-long") { house in
            var statement = house.restoration(1)
            statement.notAfter = house.now.wall + VetoStatement.longest + 1
            return house.take(statement, by: [VetoPeople.key("bob")])
        },
        Refused("a wider scope", "re-scoped") { house in
            var target = house.target(1)
            target.scopes.append(.lab("openai"))
            let statement = house.statement(.restore(target, RestoreConditions(attempt: 1)))
            return house.take(statement, by: [VetoPeople.key("bob")])
        },
        Refused("another scope", "re-scoped") { house in
            var target = house.target(1)
            target.scopes = [.model("openai/gpt-4")]
            let statement = house.statement(.shorten(target, expires: house.now.wall + 1))
            return house.take(statement, by: [VetoPeople.key("bob")])
        },
        Refused("a number that isn't there", "unknown-number") { house in
            var target = house.target(1)
            target.number = 12
            let statement = house.statement(.restore(target, RestoreConditions(attempt: 1)))
            return house.take(statement, by: [VetoPeople.key("bob")])
        },
        Refused("the number of another suspension", "wrong-digest") { house in
            var target = house.target(1)
            target.number = 2
            let statement = house.statement(.restore(target, RestoreConditions(attempt: 1)))
            return house.take(statement, by: [VetoPeople.key("bob")])
        },
        Refused("the digest of another suspension", "wrong-digest") { house in
            var target = house.target(1)
            target.digest = house.target(2).digest
            let statement = house.statement(.ratify(target))
            return house.take(statement, by: [VetoPeople.key("bob")])
        },
        Refused("no to another replacement", "wrong-digest") { house in
            let statement = house.statement(.replace(try house.next(["dave", "erin"])))
            house.take(statement, by: Array(VetoPeople.sealed[..<2]))
            let cancel = house.statement(.cancel(version: 2, digest: try house.next(["dave", "frank"]).digest))
            return house.take(cancel, by: [VetoPeople.key("bob")])
        },
        Refused("an order at a number that is taken", "number-taken") { house in house.pull(1) },
        Refused("a standard's order at a number that is taken", "number-taken") { house in
            var suspension = house.suspension()
            suspension.orderer = .standard("receipt")
            suspension.number = 2
            return house.record(.order(suspension, at: house.now))
        },
        Refused("an approval of an attempt that failed", "spent-attempt") { house in
            let kept = house.restoration(1)
            house.restore(1, by: "alice", "bob")
            house.record(.gate(number: 1, .failed(reason: "it doesn't answer"), at: house.now))
            return house.take(kept, by: [VetoPeople.key("carol")])
        },
        Refused("one person twice", "self-approval") { house in
            house.restore(1, by: "bob")
            return house.restore(1, by: "bob")
        },
        Refused("one person with two keys, in one envelope", "self-approval") { house in
            let statement = house.restoration(1)
            return house.take(statement, by: [VetoPeople.key("alice", 0), VetoPeople.key("alice", 1)])
        },
        Refused("one person with two keys, apart", "self-approval") { house in
            house.restore(1, by: "alice")
            let statement = house.restoration(1)
            return house.take(statement, by: [VetoPeople.key("alice", 1)])
        },
        Refused("the orderer's own ratification", "self-approval") { house in house.ratify(1, by: "alice") },
        Refused("one person who shortens twice", "self-approval") { house in
            house.shorten(2, to: house.now.wall + 100, by: "bob")
            return house.shorten(2, to: house.now.wall + 100, by: "bob")
        },
        Refused("a roster with a newcomer who hasn't signed", "not-held") { house in
            let statement = house.statement(.roster(try house.next(["alice", "bob", "carol", "dave"])))
            return house.take(statement, by: [VetoPeople.key("alice"), VetoPeople.key("bob")], areProven: false)
        },
        Refused("a roster with a second key that nobody shows", "not-held") { house in
            let current = try #require(house.machine.chain).current
            let people = current.people.map { $0.name == "bob" ? VetoPeople.person("bob", [0, 1]) : $0 }
            let next = try current.next(threshold: 2, people: people, recovery: current.recovery)
            let statement = house.statement(.roster(next))
            return house.take(statement, by: [VetoPeople.key("alice"), VetoPeople.key("bob")], areProven: false)
        },
        Refused("a replacement with people who haven't signed", "not-held") { house in
            let statement = house.statement(.replace(try house.next(["dave", "erin"])))
            return house.take(
                statement, by: Array(VetoPeople.sealed[..<2]) + [VetoPeople.key("dave")], areProven: false)
        },
        Refused("one who comes back without showing the key", "not-held") { house in
            house.adopt(try house.next(["alice", "bob"]), by: "alice", "bob")
            let statement = house.statement(.roster(try house.next(["alice", "bob", "carol"])))
            return house.take(statement, by: [VetoPeople.key("alice"), VetoPeople.key("bob")], areProven: false)
        },
        Refused("a roster by newcomers alone", "not-enough-people") { house in
            let statement = house.statement(.roster(try house.next(["alice", "bob", "dave", "erin"])))
            return house.take(statement, by: [])
        },
        Refused("a newcomer in place of a second person", "not-enough-people") { house in
            let statement = house.statement(.roster(try house.next(["alice", "bob", "dave"])))
            return house.take(statement, by: [VetoPeople.key("alice"), VetoPeople.key("dave")])
        },
        Refused("a first roster where there is one", "broken-chain") { house in
            house.take(
                VetoStatement(founding: try VetoPeople.founding(), notAfter: house.now.wall + 60),
                by: [VetoPeople.key("alice")])
        },
        Refused("a roster by one person with two keys", "self-approval") { house in
            let statement = house.statement(.roster(try house.next(["alice", "bob", "dave"])))
            return house.take(statement, by: [VetoPeople.key("alice", 0), VetoPeople.key("alice", 1)])
        },
        Refused("a roster by one person", "not-enough-people") { house in
            house.adopt(try house.next(["alice", "bob", "dave"]), by: "alice")
        },
        Refused("a replacement by one recovery key", "not-enough-people") { house in
            let statement = house.statement(.replace(try house.next(["dave", "erin"])))
            return house.take(statement, by: [VetoPeople.sealed[0]])
        },
        Refused("a suspension that is over", "already-over") { house in
            house.restore(1, by: "alice", "bob")
            house.record(.gate(number: 1, .share(percent: 5), at: house.now))
            house.record(.gate(number: 1, .whole, at: house.now))
            return house.restore(1, by: "carol")
        },
        Refused("a third person", "wrong-phase") { house in
            house.restore(1, by: "alice", "bob")
            return house.restore(1, by: "carol")
        },
        Refused("a second ratification", "wrong-phase") { house in
            house.ratify(1, by: "bob")
            return house.ratify(1, by: "carol")
        },
        Refused("a ratification of a standard's order", "wrong-phase") { house in house.ratify(3, by: "carol") },
        Refused("no to a replacement that isn't there", "wrong-phase") { house in
            let statement = house.statement(.cancel(version: 2, digest: Array(repeating: 1, count: 32)))
            return house.take(statement, by: [VetoPeople.key("bob")])
        },
        Refused("a second replacement", "wrong-phase") { house in
            for names in [["dave", "erin"], ["dave", "frank"]] {
                let statement = house.statement(.replace(try house.next(names)))
                let events = house.take(statement, by: Array(VetoPeople.sealed[..<2]))
                if names == ["dave", "frank"] { return events }
            }
            return []
        },
        Refused("a gate that nobody opened", "wrong-phase") { house in
            house.record(.gate(number: 1, .share(percent: 5), at: house.now))
        },
        Refused("a gate that leaves out the half-open share", "wrong-phase") { house in
            house.restore(1, by: "alice", "bob")
            return house.record(.gate(number: 1, .whole, at: house.now))
        },
        Refused("a person's suspension that a standard ends", "wrong-phase") { house in
            house.record(.green(number: 1, at: house.now))
        },
        Refused("an end that has not come", "wrong-phase") { house in
            house.record(.expired(number: 2, at: house.now))
        },
        Refused("a replacement before its time", "wrong-phase") { house in
            let statement = house.statement(.replace(try house.next(["dave", "erin"])))
            house.take(statement, by: Array(VetoPeople.sealed[..<2]))
            house.pass(VetoPolicy.replacementDelay - 1)
            return house.record(.replaced(version: 2, at: house.now))
        },
        Refused("a later end", "not-shorter") { house in house.shorten(2, to: house.now.wall + 3601, by: "carol") },
        Refused("an end before the order", "not-shorter") { house in house.shorten(1, to: 1, by: "carol") },
        Refused("a roster that leaves one out", "broken-chain") { house in
            // Made out of another version 1.
            let other = try Roster(
                installation: VetoPeople.installation, people: ["alice", "erin"].map { VetoPeople.person($0) })
            return house.adopt(
                try other.next(threshold: 2, people: other.people, recovery: nil), by: "alice", "bob")
        },
        Refused("a key that goes to another person", "broken-chain") { house in
            let current = try #require(house.machine.chain).current
            let taken = Roster.Person(name: "dave", keys: [VetoPeople.key("carol").publicKey])
            return house.adopt(
                try current.next(
                    threshold: 2, people: [VetoPeople.person("alice"), VetoPeople.person("bob"), taken], recovery: nil),
                by: "alice", "bob")
        },
        Refused("a recovery key that becomes a person's", "broken-chain") { house in
            let current = try #require(house.machine.chain).current
            let sealed = Roster.Person(name: "dave", keys: [VetoPeople.sealed[0].publicKey])
            return house.adopt(
                try current.next(threshold: 2, people: [VetoPeople.person("alice"), sealed], recovery: nil),
                by: "alice", "bob")
        },
        Refused("an order without a number", "malformed") { house in
            let statement = house.statement(.order([house.suspension()]))
            return house.take(statement, by: [VetoPeople.key("alice")])
        },
        Refused("a person's order without a signature", "malformed") { house in
            var suspension = house.suspension()
            suspension.number = 9
            return house.record(.order(suspension, at: house.now))
        },
        Refused("a share of everything", "malformed") { house in
            house.restore(1, by: "alice", "bob")
            return house.record(.gate(number: 1, .share(percent: 100), at: house.now))
        },
        Refused("people where there is no roster", "no-roster") { house in
            house = try VetoHouse(people: false)
            return house.restore(9, by: "alice")
        },
    ]

    private func house() throws -> VetoHouse {
        var house = try VetoHouse()
        house.pull(1, by: "alice")
        house.pull(2, ["route:talk"], by: "bob", expires: 3600)
        var suspension = house.suspension(["lab:openai"])
        suspension.orderer = .standard("receipt")
        suspension.number = 3
        suspension.comesBack = .byItself
        house.record(.order(suspension, at: house.now))
        #expect(house.machine.numbers == [1, 2, 3])
        return house
    }

    @Test(arguments: table) func isRefusedAndChangesNothing(_ refused: Refused) throws {
        var house = try house()
        let events = try refused.attempt(&house)
        let reason = try #require(refusal(events), "\(events)")
        #expect(reason.code == refused.code, "\(reason)")
        #expect(!reason.what.isEmpty && !reason.remedy.isEmpty)
        // What was refused is in no fact: a machine without it is the same.
        #expect(try house.again().state == house.machine.state)
    }

    /// The page of the format names every one, and each is tried.
    @Test func everyRefusalIsInTheTable() throws {
        let words = try DocumentedPage("veto-statements").table(under: "## Refusals").rows.map {
            $0.cells[0].codeSpans[0]
        }
        #expect(Set(Self.table.map(\.code)) == Set(words) && words.count == 24)
    }
}
