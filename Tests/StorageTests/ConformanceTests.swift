import Storage
import StorageSQLite
import StorageTesting
import Testing

typealias AnyStorage =
    CountStore & CustodyMemory & DisclosureMemory & DrillReports & HealthMemory & LedgerHeads & MessageOutbox
    & SecretMemory & VetoMemory

/// The rules of the storage protocols, for every implementation of them.
@Suite struct ConformanceTests {
    enum Kind: CaseIterable, Sendable {
        case sqlite, memory
    }

    /// A storage that is closed and opened again between two steps, where it
    /// can be.
    final class Subject {
        private let folder = ScratchFolder()
        private var storage: (any AnyStorage)?
        private let kind: Kind

        init(_ kind: Kind) {
            self.kind = kind
            if kind == .memory { storage = MemoryStorage() }
        }

        func open() throws -> any AnyStorage {
            if kind == .sqlite {
                storage = nil
                storage = try SQLiteStorage(directory: folder.path)
            }
            return try #require(storage)
        }
    }

    @Test(arguments: Kind.allCases) func holds(_ kind: Kind) async throws {
        let subject = Subject(kind)
        try await subject.open().apply([
            .save(.example("a")), .save(.example("b")), .save(.example("b", model: "other")), .remove(id: "a"),
            .remove(id: "never-there"),
        ])
        #expect(try await subject.open().holds() == [.example("b", model: "other")])
        var older = StoredHold.example("z")
        older.since -= 1
        older.status = nil
        older.words = "line\nend, \u{1F600}"
        older.reason = ""
        older.returned = 7
        older.returnedByHand = true
        older.drilled = "one\ntwo"
        try await subject.open().apply([.save(older)])
        #expect(try await subject.open().holds() == [older, .example("b", model: "other")])
    }

    @Test("a batch that ends with the removal of what it began with leaves nothing", arguments: Kind.allCases)
    func order(_ kind: Kind) async throws {
        let subject = Subject(kind)
        try await subject.open().apply([.save(.example("a")), .remove(id: "a")])
        try await subject.open().apply([.remove(id: "b"), .save(.example("b"))])
        #expect(try await subject.open().holds().map(\.id) == ["b"])
    }

    @Test(arguments: Kind.allCases) func answersKeepTheirFirstAndLastTime(_ kind: Kind) async throws {
        let subject = Subject(kind)
        try await subject.open().noteAnswered(
            [20, 30, 10, 25].map { StoredAnswer(host: "h", model: "m", at: $0) }
                + [StoredAnswer(host: "h", model: "other", at: 5), StoredAnswer(host: "g", model: "m", at: 6)])
        #expect(
            try await subject.open().answered() == [
                StoredAnswer(host: "g", model: "m", at: 6), StoredAnswer(host: "h", model: "m", first: 10, last: 30),
                StoredAnswer(host: "h", model: "other", at: 5),
            ])
    }

    @Test(arguments: Kind.allCases) func countsAddUp(_ kind: Kind) async throws {
        let subject = Subject(kind)
        let places = [CountPlace(hour: 5, subject: "a"), CountPlace(hour: 4, subject: "b")]
        for _ in 0..<2 {
            try await subject.open().addCounts(places) { kept, index in (kept ?? []) + [UInt8(index)] }
        }
        let all = try await subject.open().counts(0..<10)
        #expect(
            all == [
                StoredCounts(hour: 4, subject: "b", counts: [1, 1]),
                StoredCounts(hour: 5, subject: "a", counts: [0, 0]),
            ])
        try await subject.open().removeCounts(before: 5)
        #expect(try await subject.open().counts(0..<10).map(\.hour) == [5])
        #expect(try await subject.open().counts(6..<10).isEmpty)
    }

    @Test("a receiver gets its messages in order, one after the other", arguments: Kind.allCases)
    func messages(_ kind: Kind) async throws {
        let subject = Subject(kind)
        func message(_ id: String, _ receiver: String, created: Int = 1, due: Int) -> StoredMessage {
            StoredMessage(id: id, receiver: receiver, body: "{}", created: created, due: due)
        }
        let first = message("b", "r", due: 10)
        try await subject.open().save([
            message("a", "r", created: 2, due: 10), first, message("c", "r", due: 10), message("d", "other", due: 30),
        ])
        #expect(try await subject.open().messages(due: 9, limit: 5).isEmpty)
        #expect(try await subject.open().messages(due: 20, limit: 5) == [first])
        // It is not taken, and tried again later: those behind it wait.
        var later = first
        later.due = 40
        later.attempts = 1
        try await subject.open().save([later])
        #expect(try await subject.open().messages(due: 30, limit: 5).map(\.id) == ["d"])
        #expect(try await subject.open().messages(due: 50, limit: 5) == [later, message("d", "other", due: 30)])
        #expect(try await subject.open().messages(due: 50, limit: 1) == [later])
        try await subject.open().removeMessage("b")
        try await subject.open().removeMessage("never-there")
        #expect(try await subject.open().messages(due: 20, limit: 5).map(\.id) == ["c"])
        try await subject.open().removeMessage("c")
        #expect(try await subject.open().messages(due: 20, limit: 5).map(\.id) == ["a"])
    }

    @Test(arguments: Kind.allCases) func learntValuesAreReplacedAndForgottenAtZero(_ kind: Kind) async throws {
        let subject = Subject(kind)
        func one(_ subject: String, _ weights: String, _ count: Int) -> StoredLearnt {
            StoredLearnt(subject: subject, weights: weights, count: count)
        }
        try await subject.open().save([one("key:a", "w", 5), one("key:a", "v", 6), one("tenant:", "w", 7)])
        try await subject.open().save([one("key:a", "w", 9), one("tenant:", "w", 0), one("key:never-there", "w", 0)])
        #expect(try await Set(subject.open().learnt()) == [one("key:a", "w", 9), one("key:a", "v", 6)])
        try await subject.open().save([
            StoredEgress(weights: "w", day: 1, bytes: 100), StoredEgress(weights: "v", day: 1, bytes: 3),
        ])
        try await subject.open().save([StoredEgress(weights: "w", day: 2, bytes: 5)])
        #expect(
            try await Set(subject.open().egress()) == [
                StoredEgress(weights: "w", day: 2, bytes: 5), StoredEgress(weights: "v", day: 1, bytes: 3),
            ])
    }

    @Test(arguments: Kind.allCases) func anOlderCustodyStatementIsRefused(_ kind: Kind) async throws {
        let subject = Subject(kind)
        let one = StoredCustody(epoch: 4, statement: [1, 2]), other = StoredCustody(epoch: 4, statement: [3])
        #expect(try await subject.open().custodyEpoch(model: "m", role: "primary") == nil)
        #expect(try await subject.open().raiseCustodyEpoch(model: "m", role: "primary", to: one, time: 1))
        #expect(try await subject.open().raiseCustodyEpoch(model: "m", role: "primary", to: one, time: 2))
        #expect(try await !subject.open().raiseCustodyEpoch(model: "m", role: "primary", to: other, time: 2))
        let older = StoredCustody(epoch: 3, statement: [1, 2])
        #expect(try await !subject.open().raiseCustodyEpoch(model: "m", role: "primary", to: older, time: 2))
        #expect(try await subject.open().custodyEpoch(model: "m", role: "primary") == one)
        // Another role's epochs are its own.
        #expect(try await subject.open().raiseCustodyEpoch(model: "m", role: "supervisor", to: older, time: 2))
        let newer = StoredCustody(epoch: 5, statement: [])
        #expect(try await subject.open().raiseCustodyEpoch(model: "m", role: "primary", to: newer, time: 2))
        #expect(try await subject.open().custodyEpoch(model: "m", role: "primary") == newer)
    }

    @Test(arguments: Kind.allCases) func changedWeightsAreRememberedUntilForgotten(_ kind: Kind) async throws {
        let subject = Subject(kind)
        let first = StoredScrub(time: 5, verdict: "reload"), second = StoredScrub(time: 7, verdict: "quarantine")
        #expect(try await subject.open().scrubs().isEmpty)
        try await subject.open().saveScrub(of: "local", first)
        try await subject.open().saveScrub(of: "other", first)
        try await subject.open().saveScrub(of: "local", second)
        #expect(try await subject.open().scrubs() == ["local": second, "other": first])
        try await subject.open().saveScrub(of: "local", nil)
        #expect(try await subject.open().scrubs() == ["other": first])
    }

    @Test(arguments: Kind.allCases) func theNewestLedgerHeadIsKept(_ kind: Kind) async throws {
        let subject = Subject(kind)
        #expect(try await subject.open().ledgerHead("l") == nil)
        try await subject.open().saveLedgerHead("l", StoredLedgerHead(text: "one", time: 1))
        try await subject.open().saveLedgerHead("l", StoredLedgerHead(text: "two", time: 2))
        #expect(try await subject.open().ledgerHead("l") == StoredLedgerHead(text: "two", time: 2))
    }

    @Test(arguments: Kind.allCases) func drillsAreListedNewestFirst(_ kind: Kind) async throws {
        let subject = Subject(kind)
        for (id, started) in [("b", 20), ("a", 10), ("d", 30), ("c", 20)] {
            try await subject.open().saveDrill(StoredDrill(id: id, started: started, report: "{\"id\":\"\(id)\"}"))
        }
        try await subject.open().saveDrill(StoredDrill(id: "a", started: 10, report: "{}"))
        #expect(try await subject.open().drills(limit: 3).map(\.id) == ["d", "c", "b"])
        #expect(try await subject.open().drills(limit: 10).map(\.report).last == "{}")
        #expect(try await subject.open().drills(limit: 0).isEmpty)
        #expect(try await subject.open().drills(limit: -1).isEmpty)
        #expect(try await subject.open().drill("c") == StoredDrill(id: "c", started: 20, report: "{\"id\":\"c\"}"))
        #expect(try await subject.open().drill("e") == nil)
    }

    @Test(arguments: Kind.allCases) func aSecretIsMadeOnce(_ kind: Kind) async throws {
        let subject = Subject(kind)
        #expect(try await subject.open().secret(named: "seeds", orKeep: [1, 2, 3]) == [1, 2, 3])
        #expect(try await subject.open().secret(named: "seeds", orKeep: [4]) == [1, 2, 3])
        #expect(try await subject.open().secret(named: "other", orKeep: [6]) == [6])
    }

    @Test(arguments: Kind.allCases) func theRecordOfSuspensionsOnlyGrows(_ kind: Kind) async throws {
        let subject = Subject(kind)
        func entry(_ position: Int, _ digest: String, _ body: [UInt8] = [1]) -> StoredVetoEntry {
            StoredVetoEntry(position: position, digest: digest, body: body)
        }
        #expect(try await subject.open().vetoEntries().isEmpty)
        try await subject.open().addVetoEntries([entry(2, "b"), entry(1, "c", []), entry(2, "a", [0, 255])])
        try await subject.open().addVetoEntries([entry(9, "b", [9]), entry(3, "d")])
        #expect(
            try await subject.open().vetoEntries() == [
                entry(1, "c", []), entry(2, "a", [0, 255]), entry(2, "b"), entry(3, "d"),
            ])
        #expect(try await subject.open().vetoMark("l") == nil)
        try await subject.open().saveVetoMark("l", StoredVetoMark(size: 7, count: 3, position: 2))
        try await subject.open().saveVetoMark("l", StoredVetoMark(size: 12, count: 4, position: 3))
        #expect(try await subject.open().vetoMark("l") == StoredVetoMark(size: 12, count: 4, position: 3))
    }
}
