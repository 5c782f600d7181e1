import Seeded
import NIOCore
import Testing
import Wire

@Suite struct SSEUnfinishedBytesTests {
    /// The bytes that belong to no whole event must be exactly those that the
    /// parser counts: forwarding all others leaves whole events.
    @Test(arguments: ["\n", "\r\n", "\r"])
    func whatIsForwardedEndsBetweenTwoEvents(_ end: String) throws {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SplitMix(seed: seed)
        let lines = [
            "data: x", "data", "event: a", ": ping", "", "", "id: 1", "data: long long long", "\u{FEFF}data: y", ":",
        ]
        for round in 0..<300 {
            var text = Bool.random(using: &generator) ? "\u{FEFF}" : ""
            for _ in 0..<Int.random(in: 1..<15, using: &generator) {
                text += lines.randomElement(using: &generator)! + end
            }
            let bytes = Array(text.utf8)
            var parser = SSEParser()
            var fed = 0
            while fed < bytes.count {
                let count = min(Int.random(in: 1...6, using: &generator), bytes.count - fed)
                parser.feed(ByteBuffer(bytes: bytes[fed..<fed + count]))
                fed += count
                while try parser.next() != nil {}
                let out = fed - parser.unfinishedBytes
                guard out >= 0, isBetweenEvents(bytes[..<out]) else {
                    Issue.record("seed \(seed) round \(round): \(out) of \(fed) of \(text.debugDescription)")
                    return
                }
                // Nothing is held back longer than it has to be.
                guard out == fed || !isBetweenEvents(bytes[..<fed]) else {
                    Issue.record(
                        "seed \(seed) round \(round): held \(parser.unfinishedBytes) at \(fed) of \(text.debugDescription)"
                    )
                    return
                }
            }
        }
    }

    /// Returns whether the bytes end with a blank line.
    private func isBetweenEvents(_ bytes: ArraySlice<UInt8>) -> Bool {
        // Line ends become one sign each.
        var signs: [UInt8] = []
        var afterReturn = false
        for byte in bytes {
            if byte == 0x0A, afterReturn { afterReturn = false; continue }
            afterReturn = byte == 0x0D
            signs.append(afterReturn ? 0x0A : byte)
        }
        if signs.isEmpty { return true }
        guard signs.last == 0x0A else { return false }
        // The byte order mark is no line of its own.
        return signs.count == 1 || signs[signs.count - 2] == 0x0A
    }

    @Test func anEventThatNeverEndsIsRefusedWhateverItsLinesAre() throws {
        for line in [": ping\n", "id: 1\n", "data: x\n", "event: y\n", "unknown: z\n"] {
            var parser = SSEParser(limit: 1000)
            #expect(throws: FrameProblem.self, "\(line)") {
                for _ in 0..<2000 {
                    parser.feed(ByteBuffer(string: line))
                    while try parser.next() != nil {}
                }
            }
        }
    }
}
