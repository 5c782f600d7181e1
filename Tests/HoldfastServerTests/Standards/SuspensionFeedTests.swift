import HoldfastServer
import Ledger
import Logging
import NIOCore
import Synchronization
import Testing
import Veto
import Wire

@Suite struct SuspensionFeedTests {
    private final class Orders: StandardOrders {
        private let state = Mutex((index: SuspensionIndex(), newest: 0))

        func order(_ suspension: Suspension) async {}
        func returnByItself(_ number: Int) async {}
        var suspended: SuspensionIndex { state.withLock { $0.index } }
        var newest: Int { state.withLock { $0.newest } }
        func returns() async -> [(place: StandardPlace, time: Int)] { [] }

        func put(_ entries: [SuspensionIndex.Entry], version: UInt64, newest: Int) {
            state.withLock { $0 = (SuspensionIndex(entries, version: version), newest) }
        }
    }

    private let key: SignerKey
    private let orders = Orders()
    private let now = 1_800_000_000

    init() throws { key = try #require(SignerKey(name: "ledger.example.com/x")) }

    private var feed: SuspensionFeed {
        SuspensionFeed(name: key.verifier.name, orders: orders, logger: Logger(label: "test")) {
            [key] text throws(LedgerProblem) in
            var note = SignedNote(text: text)
            try note.sign(key, time: 0)
            return note
        }
    }

    private func suspension(
        _ number: Int, _ scopes: [SuspendedScope], isPublic: Bool = false
    ) -> SuspensionIndex.Entry {
        SuspensionIndex.Entry(
            Suspension(
                number: number, scopes: scopes,
                reason: SuspensionReason(.security, text: "a text", evidence: "ticket-17", isPublic: isPublic),
                orderer: .person("alice"), ordered: now - 5, roster: 1, nonce: "n"), .suspended)
    }

    private func read(_ bytes: ByteBuffer?) throws -> (origin: String, json: JSONView) {
        let note = try SignedNote(Array(try #require(bytes).readableBytesView))
        #expect(try note.signers(among: [key.verifier]) == [key.verifier])
        let lines = note.text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 3)
        return (String(lines[0]), try JSONDocument(String(lines[1])).root)
    }

    @Test func theNoteIsNoCheckpointAndSaysHowLongItCounts() throws {
        let (origin, json) = try read(feed.note(at: now))
        #expect(origin == "ledger.example.com/x/suspensions")
        #expect(json["origin"]?.string == origin)
        #expect(json["valid_until"]?.string == "2027-01-15T08:10:00Z")
        #expect(json["number"]?.int == 0)
    }

    @Test func keysEvidenceAndTextsAreNotPublished() throws {
        orders.put(
            [
                suspension(1, [.model("a/x"), .key("k_1")]), suspension(2, [.key("k_2")]),
                suspension(3, [.lab("acme")], isPublic: true),
            ], version: 1, newest: 5)
        let bytes = try #require(feed.note(at: now))
        let text = String(buffer: bytes)
        for secret in ["k_1", "k_2", "ticket-17", "alice"] { #expect(!text.contains(secret), "\(secret)") }
        let (_, json) = try read(bytes)
        #expect(json["number"]?.int == 5)
        let all = try Array(#require(json["suspensions"]).elements)
        #expect(all.compactMap { $0["id"]?.string } == ["S1", "S3"])
        #expect(all.map { $0["text"]?.string } == [nil, "a text"])
    }

    @Test func aNoteIsMadeAnewAfterAMinuteAndAfterAChange() throws {
        let feed = feed
        let first = feed.note(at: now)
        #expect(feed.note(at: now + 59) == first)
        #expect(feed.note(at: now + 60) != first)
        let second = feed.note(at: now + 61)
        orders.put([suspension(1, [.lab("acme")])], version: 2, newest: 1)
        #expect(feed.note(at: now + 61) != second)
        // A clock that was set back makes no note last longer.
        let third = feed.note(at: now + 61)
        #expect(feed.note(at: now) != third)
    }
}
