import Crypto
import Ledger
import Seeded
import Testing

/// Tests that the entries read from the journal after a crash are exactly the acknowledged ones. The journal's file is
/// overwritten in place, so it also contains old bytes.
@Suite struct JournalTests {
    private let key = SignerKey(name: "holdfast.example/test")!
    private let path = "journal/groups"

    private func written(_ sizes: [Int], to writer: inout LedgerWriter) throws {
        for size in sizes {
            _ = try writer.commit(EntryGroup([[UInt8](repeating: UInt8(truncatingIfNeeded: size), count: size)]))
        }
    }

    /// Read as a crash would leave it, without a checkpoint after it.
    private func size(of files: MemoryFiles) throws -> UInt64 {
        try LedgerWriter(files.copy(), key: key, time: 2_000).size
    }

    @Test func whatIsWrittenOverIsOver() throws {
        for _ in 0..<200 {
            let seed = UInt64.random(in: .min ... .max)
            var random = SplitMix(seed: seed)
            func sizes() -> [Int] {
                (0..<Int.random(in: 1...6, using: &random)).map { _ in Int.random(in: 1...4, using: &random) * 10 }
            }
            let files = MemoryFiles()
            var writer = try LedgerWriter(files, key: key, time: 1_000)
            var count = 0
            for pass in 0..<4 {
                let sizes = sizes()
                try written(sizes, to: &writer)
                count += sizes.count
                #expect(try size(of: files) == UInt64(count), "seed \(seed), pass \(pass)")
                try writer.publish(time: 1_001)
                #expect(try size(of: files) == UInt64(count), "seed \(seed), pass \(pass)")
            }
        }
    }

    @Test func aGroupThatIsCutAnywhereWasNeverThere() throws {
        let files = MemoryFiles()
        var writer = try LedgerWriter(files, key: key, time: 1_000)
        try written([30, 20], to: &writer)
        let whole = try #require(try files.read(path))
        for length in 0...whole.count {
            let cut = files.copy()
            try cut.write(path, Array(whole[..<length]))
            let first = 16 + 2 + 30 + 16
            #expect(try size(of: cut) == (length < first ? 0 : length < whole.count ? 1 : 2), "at \(length)")
        }
        for place in whole.indices {
            let flipped = files.copy()
            flipped.flip(path, at: place)
            #expect(try size(of: flipped) < 2, "at \(place)")
        }
    }

    /// A party that controls an entry's bytes writes a group into them, at the position where a later group ends.
    @Test func anEntryThatLooksLikeAGroup() throws {
        let other = MemoryFiles()
        var writer = try LedgerWriter(other, key: key, time: 1_000)
        try written([10, 10], to: &writer)
        try writer.publish(time: 1_001)
        try written([10], to: &writer)
        let image = try #require(try other.read(path)).prefix(16 + 2 + 10 + 16)
        #expect(try size(of: other) == 3)

        let files = MemoryFiles()
        writer = try LedgerWriter(files, key: key, time: 1_000)
        let place = 100
        _ = try writer.commit(EntryGroup([[UInt8](repeating: 0, count: place - 16 - 2) + image]))
        try writer.publish(time: 1_001)
        try written([place - 16 - 2 - 16], to: &writer)
        let bytes = try #require(try files.read(path))
        #expect(bytes[place...].starts(with: image), "else this test shows nothing")
        #expect(try size(of: files) == 2)
    }

    /// The former journal is of an older version that was killed, after which this version starts.
    @Test func aFormerJournalIsReadOnceMore() throws {
        func group(_ index: UInt64, _ entries: [[UInt8]]) -> [UInt8] {
            let bundle = entries.flatMap { [UInt8($0.count >> 8), UInt8($0.count & 0xFF)] + $0 }
            let big = withUnsafeBytes(of: index.bigEndian) { Array($0) }
            let length = withUnsafeBytes(of: UInt32(bundle.count).bigEndian) { Array($0) }
            let bytes = Array("HFJ1".utf8) + big + length + bundle
            return bytes + SHA256.hash(data: bytes).prefix(16)
        }
        let torn = group(3, [[4]]).dropLast()
        let name = "journal/\(String(repeating: "0", count: 20))"
        let files = MemoryFiles()
        try files.write(name, group(0, [[1], [2, 2]]) + group(2, [[3]]) + torn)
        var writer = try LedgerWriter(files, key: key, time: 1_000)
        #expect(writer.size == 3)
        #expect(try files.names(in: "journal") == [])
        try written([9], to: &writer)
        #expect(try files.names(in: "journal") == ["groups"])
        #expect(try size(of: files) == 4)
        var entries: [[UInt8]] = []
        try writer.publish(time: 1_001)
        _ = try LedgerVerifier(files, policy: LedgerPolicy(log: key.verifier)).verify { entries.append(Array($1)) }
        #expect(entries.prefix(3) == [[1], [2, 2], [3]])
    }

    @Test func roomThatABurstTookIsGivenBack() throws {
        let files = MemoryFiles()
        var writer = try LedgerWriter(files, key: key, time: 1_000)
        for _ in 0..<17 {
            _ = try writer.commit(EntryGroup((0..<17).map { _ in [UInt8](repeating: 7, count: 65_000) }))
        }
        try writer.publish(time: 1_001)
        #expect(try files.names(in: "journal") == [])
        try written([5], to: &writer)
        #expect(try size(of: files) == 17 * 17 + 1)
    }
}
