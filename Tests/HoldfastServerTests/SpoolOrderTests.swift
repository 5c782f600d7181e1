import Encodings
import HoldfastServer
import Seeded
import Testing
import VetoSpool

/// The order in which statements are taken that were found together.
@Suite struct SpoolOrderTests {
    private func file(_ decision: String, roster: Int, _ digest: String, _ kind: SpoolFolder.Kind = .statements)
        -> SpoolFile
    {
        let payload = #"{"predicate":{"decision":"\#(decision)","roster":\#(roster)}}"#
        let envelope = #"{"payload":"\#(Base64.encode(Array(payload.utf8)))"}"#
        return SpoolFile(kind: kind, number: 0, digest: digest, bytes: Array(envelope.utf8))
    }

    @Test func aChangeOfTheRosterComesAfterWhatWasSignedBeforeIt() {
        let right = [
            file("order", roster: 2, "o", .orders), file("ratify", roster: 1, "z"), file("restore", roster: 1, "y"),
            file("replace", roster: 1, "x"), file("cancel", roster: 1, "w"), file("roster", roster: 1, "v"),
            file("restore", roster: 2, "a"), file("roster", roster: 2, "b"), file("restore", roster: 3, "c"),
        ]
        for seed in 0..<50 {
            var random = SplitMix(seed: UInt64(seed))
            #expect(
                SpoolOrder.sorted(right.shuffled(using: &random)).map(\.digest) == right.map(\.digest), "seed \(seed)")
        }
    }

    @Test func whatCantBeReadComesLastAndIsKept() {
        let odd = SpoolFile(kind: .statements, number: 0, digest: "odd", bytes: Array("nonsense".utf8))
        let files = [odd, file("restore", roster: 1, "a")]
        #expect(SpoolOrder.sorted(files).map(\.digest) == ["a", "odd"])
    }
}
