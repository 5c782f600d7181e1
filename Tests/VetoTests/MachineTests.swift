import Signing
import Testing
import Veto

@Suite struct MachineTests {
    @Test func twoPeopleRestoreThroughTheGate() throws {
        var house = try VetoHouse()
        #expect(house.pull(1, by: "alice").count == 1)
        #expect(house.machine.index.entries.map(\.suspension.number) == [1])
        // Whoever pulled may be one of the two.
        #expect(house.restore(1, by: "alice") == [.approved(number: 1, by: "alice")])
        #expect(house.machine.standing(of: 1)?.approvers == ["alice"] && house.phase(1) == .suspended)
        #expect(
            house.restore(1, by: "bob") == [
                .approved(number: 1, by: "bob"), .verifying(number: 1, cause: .people(["alice", "bob"])),
            ])
        // Verifying stops callers as much as before.
        let entry = try #require(house.machine.index.entries.first)
        #expect(entry.isStopping(0) && house.phase(1) == .verifying)
        house.record(.gate(number: 1, .share(percent: 5), at: house.now))
        house.record(.gate(number: 1, .share(percent: 50), at: house.now))
        #expect(house.phase(1) == .halfOpen(percent: 50))
        #expect(house.record(.gate(number: 1, .whole, at: house.now)) == [.restored(number: 1)])
        #expect(house.machine.index.isEmpty && house.phase(1) == .restored)
        #expect(try house.again().state == house.machine.state)
    }

    @Test func twoSignaturesInOneEnvelope() throws {
        var house = try VetoHouse()
        house.pull(1)
        let statement = house.restoration(1)
        let events = house.take(statement, by: [VetoPeople.key("bob"), VetoPeople.key("carol")])
        #expect(events.contains(.verifying(number: 1, cause: .people(["bob", "carol"]))))
    }

    /// A file to which a second person adds a signature after the first handed
    /// it in.
    @Test func aSignatureThatIsAddedLater() throws {
        var house = try VetoHouse()
        house.pull(1)
        let statement = house.restoration(1)
        house.take(statement, by: [VetoPeople.key("bob")])
        let events = house.take(statement, by: [VetoPeople.key("bob"), VetoPeople.key("carol")])
        #expect(events.contains(.verifying(number: 1, cause: .people(["bob", "carol"]))))
    }

    @Test func aGateThatFailsSpendsTheApprovals() throws {
        var house = try VetoHouse()
        house.pull(1)
        house.restore(1, by: "alice", "bob")
        house.record(.gate(number: 1, .share(percent: 5), at: house.now))
        #expect(
            house.record(.gate(number: 1, .failed(reason: "errors"), at: house.now)) == [
                .gateFailed(number: 1, reason: "errors")
            ])
        let standing = try #require(house.machine.standing(of: 1))
        #expect(standing.phase == .suspended && standing.approvers.isEmpty && standing.attempt == 2)
        #expect(standing.failure == GateFailure(time: house.now.wall, reason: "errors"))
        #expect(try house.again().standing(of: 1)?.failure == standing.failure)
        #expect(house.restore(1, by: "alice") == [.approved(number: 1, by: "alice")])
        #expect(house.phase(1) == .suspended)
    }

    @Test func theModelMayDifferOnlyIfBothSaySo() throws {
        for (first, second) in [(true, false), (false, true), (true, true)] {
            var house = try VetoHouse()
            house.pull(1)
            let one = house.restoration(1, modelMayDiffer: first)
            house.take(one, by: [VetoPeople.key("alice")])
            let two = house.restoration(1, modelMayDiffer: second)
            house.take(two, by: [VetoPeople.key("bob")])
            #expect(house.phase(1) == .verifying)
            #expect(house.machine.standing(of: 1)?.modelMayDiffer == (first && second))
        }
    }

    @Test func anApprovalHasItsTime() throws {
        var house = try VetoHouse()
        house.pull(1)
        house.restore(1, by: "alice")
        house.pass(86_401)
        #expect(
            house.restore(1, by: "bob") == [
                .approvalEnded(number: 1, by: "alice"), .approved(number: 1, by: "bob"),
            ])
        #expect(house.phase(1) == .suspended)
    }

    @Test func oneOrderListsSeveral() throws {
        var house = try VetoHouse()
        let two = house.statement(.order([house.suspension(), house.suspension(["route:talk"])]))
        house.take(two, by: [VetoPeople.key("alice")], number: 7)
        #expect(house.machine.numbers == [7, 8])
        // All or nothing: 8 is taken.
        let more = house.statement(.order([house.suspension(), house.suspension(["route:b"])]))
        #expect(refusal(house.take(more, by: [VetoPeople.key("alice")], number: 8)) == .numberTaken(8))
        #expect(refusal(house.take(more, by: [VetoPeople.key("alice")], number: 6)) == .numberTaken(7))
        #expect(house.machine.numbers == [7, 8])
    }

    /// The server may have been down for longer than the statement was good.
    @Test func anOrderCountsHoweverLateItComes() throws {
        var house = try VetoHouse()
        let late = house.statement(.order([house.suspension()]))
        house.pass(30 * 86_400)
        #expect(refusal(house.take(late, by: [VetoPeople.key("alice")], number: 1)) == nil)
        #expect(house.phase(1) == .suspended)
    }

    // MARK: Ratification

    @Test func twoWhoOrderTogetherNeedNoThird() throws {
        var house = try VetoHouse()
        let order = house.statement(.order([house.suspension()]))
        house.take(order, by: [VetoPeople.key("alice"), VetoPeople.key("carol")], number: 1)
        #expect(house.machine.standing(of: 1)?.ratifiedBy == "carol" && house.machine.ratifyUntil(1) == nil)
    }

    @Test(arguments: VetoPolicy.Unratified.allCases)
    func nobodyRatifies(_ unratified: VetoPolicy.Unratified) throws {
        var house = try VetoHouse(VetoPolicy(unratified: unratified))
        house.pull(1)
        house.pull(2)
        house.ratify(2, by: "bob")
        house.pass(86_399)
        #expect(house.tick().isEmpty)
        house.pass(1)
        #expect(house.tick() == (unratified == .stands ? [.overdue(number: 1)] : [.lapsed(number: 1)]))
        #expect(house.tick().isEmpty)
        #expect(house.phase(1) == (unratified == .stands ? .suspended : .lapsed) && house.phase(2) == .suspended)
        if unratified == .stands {
            #expect(house.ratify(1, by: "carol") == [.ratified(number: 1, by: "carol")])
            #expect(house.machine.standing(of: 1)?.isOverdue == false)
        }
        #expect(try house.again().state == house.machine.state)
    }

    /// A wall clock that is set, and set back before the next look, has given
    /// its time to what came between.
    @Test func anOrderThatCameWhileTheClockWasWrongDoesNotLapse() throws {
        var house = try VetoHouse(VetoPolicy(unratified: .lapses))
        let wrong = 2 * house.machine.policy.ratifyWithin
        house.now.wall -= wrong
        house.pull(1)
        house.now.wall += wrong
        #expect(house.tick() == [.overdue(number: 1)])
        #expect(house.phase(1) == .suspended)
    }

    /// A wall clock that was set forward makes nothing lapse; the alarm still
    /// sounds.
    @Test func noLapseByAClockThatWasSet() throws {
        var house = try VetoHouse(VetoPolicy(unratified: .lapses))
        house.pull(1)
        house.now.wall += 2 * 86_400
        #expect(house.tick() == [.overdue(number: 1)])
        #expect(house.phase(1) == .suspended)
    }

    @Test func nothingLapsesThatFailedTheGate() throws {
        var house = try VetoHouse(VetoPolicy(unratified: .lapses))
        house.pull(1)
        house.restore(1, by: "alice", "bob")
        house.record(.gate(number: 1, .failed(reason: "errors"), at: house.now))
        house.pass(86_400)
        #expect(house.tick() == [.overdue(number: 1)])
    }

    // MARK: Expiry

    @Test func anExpiryPassesTheGate() throws {
        var house = try VetoHouse()
        house.pull(1, expires: 3600)
        house.pass(3599)
        #expect(house.tick().isEmpty)
        house.pass(1)
        #expect(house.tick() == [.verifying(number: 1, cause: .expiry)])
        #expect(try #require(house.machine.index.entries.first).isStopping(0))
        // The gate fails: the end is spent, and people decide.
        house.record(.gate(number: 1, .failed(reason: "errors"), at: house.now))
        house.pass(3600)
        #expect(house.tick().isEmpty && house.phase(1) == .suspended)
        #expect(house.machine.index.entries.first?.suspension.expires == nil)
        house.restore(1, by: "bob", "carol")
        #expect(house.phase(1) == .verifying)
        #expect(try house.again().state == house.machine.state)
    }

    @Test(arguments: [3600, -3600, 90 * 86_400]) func aWallClockThatWasSetEndsNothing(_ seconds: Int) throws {
        var house = try VetoHouse()
        house.pull(1, expires: 3600)
        house.now.wall += seconds
        #expect(!house.tick().contains(.verifying(number: 1, cause: .expiry)))
        // Put right again: the clocks are not believed any more.
        house.now.wall -= seconds
        house.pass(7200)
        #expect(house.tick().isEmpty && house.phase(1) == .suspended)
        // After a restart they are.
        house.machine = try house.again()
        house.now.boot = 1
        house.pass(60)
        #expect(house.tick() == [.verifying(number: 1, cause: .expiry)])
    }

    @Test func twoPeopleShortenAndNobodyLengthens() throws {
        var house = try VetoHouse()
        house.pull(1, expires: 7200)
        let early = house.now.wall + 600
        #expect(house.shorten(1, to: early, by: "alice").isEmpty)
        // Another end is another decision.
        #expect(house.shorten(1, to: early + 1, by: "bob").isEmpty)
        let proposed = house.machine.proposedEnds(of: 1, at: house.now.wall)
        #expect(proposed.map(\.expires) == [early, early + 1] && proposed.map(\.people) == [["alice"], ["bob"]])
        #expect(house.machine.proposedEnds(of: 1, at: house.now.wall + VetoStatement.longest + 1).isEmpty)
        #expect(house.machine.expiry(of: 1) == house.now.wall + 7200)
        #expect(
            house.shorten(1, to: early, by: "carol") == [
                .shortened(number: 1, expires: early, by: ["alice", "carol"])
            ])
        #expect(house.machine.proposedEnds(of: 1, at: house.now.wall).isEmpty)
        #expect(refusal(house.shorten(1, to: early, by: "bob")) == .notShorter(number: 1))
        house.pass(600)
        #expect(house.tick() == [.verifying(number: 1, cause: .expiry)])
        // The digest is that of the order, still.
        #expect(house.machine.number(of: house.target(1).digest) == 1)
        #expect(try house.again().state == house.machine.state)
    }

    // MARK: Standards

    @Test(arguments: [Suspension.Return.byItself, .people]) func aStandardOrders(_ way: Suspension.Return) throws {
        var house = try VetoHouse()
        var suspension = house.suspension()
        suspension.number = 4
        suspension.orderer = .standard("receipt")
        suspension.comesBack = way
        #expect(house.record(.order(suspension, at: house.now)) == [.ordered(suspension)])
        house.pass(2 * 86_400)
        #expect(house.tick().isEmpty && house.machine.ratifyUntil(4) == nil)
        let events = house.record(.green(number: 4, at: house.now))
        if way == .byItself {
            #expect(events == [.verifying(number: 4, cause: .standard("receipt"))])
            house.record(.gate(number: 4, .failed(reason: "errors"), at: house.now))
            #expect(refusal(house.record(.green(number: 4, at: house.now))) == nil)
        } else {
            #expect(refusal(events) == .wrongPhase("S4 returns by people"))
            house.restore(4, by: "alice", "carol")
        }
        #expect(house.phase(4) == .verifying)
        #expect(try house.again().state == house.machine.state)
    }

    @Test func withoutARosterAStandardOrdersAndTheFoundersRestore() throws {
        var house = try VetoHouse(people: false)
        var suspension = house.suspension(by: "x")
        suspension.number = 1
        suspension.orderer = .standard("receipt")
        house.record(.order(suspension, at: house.now))
        #expect(house.machine.stranded == [1])
        let facts = house.facts
        #expect(
            house.record(.founded(try VetoPeople.founding(), at: house.now)).contains { event in
                if case .roster(1, _) = event { true } else { false }
            })
        #expect(refusal(house.record(.founded(try VetoPeople.founding(), at: house.now)))?.code == "broken-chain")
        house.restore(1, by: "bob", "carol")
        #expect(house.phase(1) == .verifying && house.machine.stranded.isEmpty)
        // A machine that begins with the roster keeps what was ordered before.
        var later = try VetoMachine(founding: VetoPeople.founding(), start: house.now)
        for fact in facts { _ = later.replay(fact) }
        #expect(later.numbers == [1])
    }

    // MARK: The roster

    /// Version 1 as a statement that these keys have signed.
    private func founding(_ roster: Roster, by keys: [ECPrivateKey]) throws -> SignedStatement {
        let statement = VetoStatement(founding: roster, notAfter: VetoHouse.start.wall + 60)
        return try SignedStatement(Array(try SignedStatement(signing: statement, with: keys).text.utf8))
    }

    @Test func theFirstRosterIsSignedWithEveryKeyOfItsPeople() throws {
        let roster = try Roster(
            installation: VetoPeople.installation,
            people: [VetoPeople.person("alice", [0, 1]), VetoPeople.person("heidi")],
            recovery: VetoPeople.recovery)
        let keys = VetoPeople.holding(roster.peoplesKeys)
        #expect(keys.count == 3)
        for missing in keys.indices {
            var house = try VetoHouse(people: false)
            let some = keys.indices.filter { $0 != missing }.map { keys[$0] }
            let verified = try house.machine.verified(founding(roster, by: some))
            let owner = roster.people.first { $0.keys.contains(keys[missing].publicKey) }?.name
            #expect(refusal(house.take(verified)) == .notHeld(person: owner ?? "", key: keys[missing].publicKey.hint))
            #expect(house.machine.chain == nil)
        }
        var house = try VetoHouse(people: false)
        // Late, since nobody else's word stands against it.
        house.pass(3_000_000)
        #expect(refusal(house.take(try house.machine.verified(founding(roster, by: keys)))) == nil)
        #expect(house.machine.chain?.current == roster)
        #expect(throws: VetoRefusal.self) {
            try house.machine.verified(founding(roster, by: keys + [VetoPeople.stranger]))
        }
        let other = try VetoHouse(people: false)
        #expect(throws: VetoRefusal.self) {
            try other.machine.verified(founding(roster, by: keys + [VetoPeople.stranger]))
        }
        // Nothing else is read where there are no people.
        var later = try VetoHouse()
        let order = later.statement(.order([later.suspension()]))
        #expect(throws: VetoRefusal.noRoster) {
            try other.machine.verified(SignedStatement(signing: order, with: [VetoPeople.key("alice")]))
        }
    }

    @Test func aKeyThatIsClaimedForAnotherPersonIsNotTaken() throws {
        // erin's key is named as dave's: erin doesn't sign, and dave can't.
        var house = try VetoHouse()
        let current = try #require(house.machine.chain).current
        let claimed = Roster.Person(name: "dave", keys: [VetoPeople.key("erin").publicKey])
        let next = try current.next(threshold: 2, people: current.people + [claimed], recovery: current.recovery)
        let statement = house.statement(.roster(next))
        let signers = [VetoPeople.key("alice"), VetoPeople.key("bob")]
        #expect(refusal(house.take(statement, by: signers, areProven: false))?.code == "not-held")
        #expect(
            refusal(house.take(statement, by: signers + [VetoPeople.key("dave")], areProven: false))?.code
                == "unknown-signer")
        #expect(house.machine.chain?.current == current)
    }

    @Test func anApprovalEndsWithItsKey() throws {
        var house = try VetoHouse()
        house.pull(1)
        house.restore(1, by: "carol")
        #expect(
            house.adopt(try house.next(["alice", "bob"]), by: "alice", "bob").contains(
                .approvalEnded(number: 1, by: "carol")))
        house.restore(1, by: "bob")
        #expect(house.phase(1) == .suspended)
        house.restore(1, by: "alice")
        #expect(house.phase(1) == .verifying)
    }

    @Test func anApprovalOutlivesAChangeThatIsNotItsOwn() throws {
        var house = try VetoHouse()
        house.pull(1)
        house.restore(1, by: "carol")
        house.adopt(try house.next(["alice", "bob", "carol", "dave"]), by: "alice", "bob")
        house.restore(1, by: "alice")
        #expect(house.phase(1) == .verifying)
        #expect(try house.again().state == house.machine.state)
    }

    /// One person must not order what nobody can end, by naming a version whose
    /// people have left.
    @Test func anOrderUnderAVersionWhosePeopleHaveLeft() throws {
        var house = try VetoHouse()
        let order = house.statement(.order([house.suspension(by: "alice")]))
        house.pull(1)
        house.adopt(try house.next(["alice", "dave"]), by: "alice", "bob")
        house.take(order, by: [VetoPeople.key("alice")], number: 2)
        #expect(house.machine.stranded == [1] && house.machine.people(countingFor: 2) == ["alice", "dave"])
        #expect(refusal(house.restore(1, by: "dave"))?.code == "not-in-roster-then")
        house.restore(2, by: "alice", "dave")
        #expect(house.phase(2) == .verifying && house.phase(1) == .suspended)
        #expect(try house.again().state == house.machine.state)
    }

    /// Newcomers who change the keys of those who count would count themselves.
    @Test func newcomersGiveNobodyMoreThanTheyHave() throws {
        var house = try VetoHouse()
        house.pull(1)
        house.adopt(try house.next(["alice", "bob", "carol", "dave", "erin"]), by: "alice", "bob")
        let current = try #require(house.machine.chain).current
        // dave and erin give bob and carol keys of their own making.
        let people = [
            VetoPeople.person("alice"), VetoPeople.person("bob", [1]), VetoPeople.person("carol", [1]),
            VetoPeople.person("dave"), VetoPeople.person("erin"),
        ]
        house.adopt(try current.next(threshold: 2, people: people, recovery: nil), by: "dave", "erin")
        #expect(house.machine.chain?.current.version == 3)
        for name in ["bob", "carol"] {
            let statement = house.restoration(1)
            #expect(
                refusal(house.take(statement, by: [VetoPeople.key(name, 1)]))
                    == .notInRosterThen(person: name, since: 2, ordered: 1))
        }
        #expect(house.machine.stranded == [1])
    }

    /// Those who count may give a person a new key, which counts as long.
    @Test func aNewKeyCountsAsLongAsThoseWhoSignedForIt() throws {
        var house = try VetoHouse()
        house.pull(1)
        let current = try #require(house.machine.chain).current
        let people = [VetoPeople.person("alice"), VetoPeople.person("bob", [1]), VetoPeople.person("carol")]
        house.adopt(try current.next(threshold: 2, people: people, recovery: nil), by: "alice", "carol")
        let statement = house.restoration(1)
        #expect(
            house.take(statement, by: [VetoPeople.key("bob", 1)]) == [.approved(number: 1, by: "bob")])
    }

    @Test func aReplacementWaitsADayAndAnyPersonCancelsIt() throws {
        var house = try VetoHouse()
        let roster = try house.next(["dave", "erin"])
        let due = house.now.wall + 86_400
        let replace = house.statement(.replace(roster))
        #expect(
            house.take(replace, by: Array(VetoPeople.sealed[..<2])) == [.replacementAnnounced(version: 2, due: due)])
        house.pass(86_399)
        #expect(house.tick().isEmpty && house.machine.chain?.current.version == 1)
        let cancel = house.statement(.cancel(version: 2, digest: roster.digest))
        #expect(
            house.take(cancel, by: [VetoPeople.key("carol")]) == [.replacementCancelled(version: 2, by: "carol")])
        house.pass(86_400)
        #expect(house.tick().isEmpty && house.machine.chain?.current.version == 1)
        #expect(try house.again().state == house.machine.state)
    }

    @Test func aReplacementNeverRestores() throws {
        var house = try VetoHouse()
        house.pull(1)
        house.restore(1, by: "carol")
        // The old names with keys that the recovery keys' holders made, and
        // alice with the key that she had.
        let current = try #require(house.machine.chain).current
        let people = [
            VetoPeople.person("alice"), VetoPeople.person("bob", [1]), VetoPeople.person("carol", [1]),
        ]
        let replace = house.statement(
            .replace(try current.next(threshold: 2, people: people, recovery: VetoPeople.recovery)))
        house.take(replace, by: Array(VetoPeople.sealed[1...]))
        house.pass(86_400)
        let events = house.tick()
        #expect(events.contains(.approvalEnded(number: 1, by: "carol")) && house.machine.chain?.current.version == 2)
        for name in ["bob", "carol"] {
            let statement = house.restoration(1)
            #expect(
                refusal(house.take(statement, by: [VetoPeople.key(name, 1)]))
                    == .notInRosterThen(person: name, since: 2, ordered: 1))
        }
        house.restore(1, by: "alice")
        #expect(house.phase(1) == .suspended && house.machine.stranded == [1])
        // What is ordered from now on is theirs.
        house.pull(2)
        let (one, two) = (house.restoration(2), house.restoration(2))
        house.take(one, by: [VetoPeople.key("bob", 1)])
        house.take(two, by: [VetoPeople.key("carol", 1)])
        #expect(house.phase(2) == .verifying)
        #expect(try house.again().state == house.machine.state)
    }

    @Test func aReplacementByAClockThatWasSet() throws {
        var house = try VetoHouse()
        let replace = house.statement(.replace(try house.next(["dave", "erin"])))
        house.take(replace, by: Array(VetoPeople.sealed[..<2]))
        house.now.wall += 86_400
        #expect(house.tick().isEmpty && house.machine.chain?.current.version == 1)
    }

    @Test func peopleWhoSignTheNextRosterEndAReplacement() throws {
        var house = try VetoHouse()
        let replace = house.statement(.replace(try house.next(["dave", "erin"])))
        house.take(replace, by: Array(VetoPeople.sealed[..<2]))
        #expect(
            house.adopt(try house.next(["alice", "bob"]), by: "alice", "carol").contains(
                .replacementCancelled(version: 2, by: nil)))
        house.pass(86_400)
        #expect(house.tick().isEmpty && house.machine.chain?.current.version == 2)
    }
}
