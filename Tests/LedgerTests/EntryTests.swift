import Ledger
import Seeded
import Testing

/// Entries as bytes, and what they say as text.
@Suite struct EntryTests {
    private func text(_ bytes: [UInt8]) -> String? { EntryText(bytes).map { String(decoding: $0.json, as: UTF8.self) } }

    @Test func anEntryIsTheBytesOfTheSpecification() {
        let bytes = EntryWriter.entry { entry in
            entry.member(.v, 2)
            entry.member(.kind, "k")
            entry.member(.at, 1_764_000_000_123)
            entry.member(.status, 200)
            entry.list(.attempts) { entry in
                entry.object { $0.member(.by, "a/b") }
                entry.object { _ in }
            }
            entry.member(.duration, 24)
            entry.member(.standIn)
            [UInt8]([1, 2, 255]).withUnsafeBytes { entry.member(.promptDigest, bytes: $0) }
        }
        // RFC 8949, by hand; the last member is out of order, and shows that
        // the reader minds.
        #expect(
            bytes == [
                0xA8, 0x00, 0x02, 0x01, 0x61, 0x6B, 0x02, 0x1B, 0, 0, 0x01, 0x9A, 0xB6, 0x97, 0xE8, 0x7B, 0x0A, 0x18,
                0xC8,
                0x0C, 0x82, 0xA1, 0x09, 0x63, 0x61, 0x2F, 0x62, 0xA0, 0x13, 0x18, 0x18, 0x18, 0x1B, 0xF5, 0x14, 0x43, 1,
                2,
                255,
            ])
        #expect(text(bytes) == nil)
    }

    @Test func textSaysWhatTheBytesSay() {
        let bytes = EntryWriter.entry { entry in
            entry.member(.v, 2)
            entry.member(.at, 951_782_400_007)
            entry.member(.status, -500)
            [UInt8](repeating: 0xFB, count: 4).withUnsafeBytes { entry.member(.promptDigest, bytes: $0) }
            entry.member(.stream)
            entry.member(.requested, "a \"b\" \\ \n ü 🌍")
            entry.list(.changed) { entry in
                entry.text("x")
                entry.text("")
            }
        }
        #expect(
            text(bytes)
                == #"{"v":2,"at":"2000-02-29T00:00:00.007Z","status":-500,"prompt_sha256":"+/v7+w==","stream":true,"#
                + #""requested":"a \"b\" \\ \u000a ü 🌍","changed":["x",""]}"#)
    }

    /// Heads grow at 24, 256 and 65,536, and buffers at 512 bytes.
    @Test(arguments: [0, 1, 23, 24, 25, 255, 256, 257, 500, 512, 513, 5000, 65_535, 65_536])
    func longTextsAndListsStayWhole(_ length: Int) {
        let word = String(repeating: "x", count: length)
        let bytes = EntryWriter.entry { entry in
            entry.member(.id, word)
            entry.member(.status, length)
            entry.list(.changed) { entry in
                for _ in 0..<length { entry.text("") }
            }
            entry.member(.found, "end")
        }
        let list = [String](repeating: "\"\"", count: length).joined(separator: ",")
        #expect(text(bytes) == "{\"id\":\"\(word)\",\"status\":\(length),\"changed\":[\(list)],\"found\":\"end\"}")
        for cut in [1, bytes.count / 2, bytes.count - 1] { #expect(text(Array(bytes.prefix(cut))) == nil) }
        #expect(text(bytes + [0]) == nil)
    }

    @Test func aMapWithAllMembersStaysWhole() {
        let bytes = EntryWriter.entry { entry in
            for member in EntryMember.allCases { entry.member(member, 7) }
        }
        #expect(bytes[0] == 0xB8 && Int(bytes[1]) == EntryMember.allCases.count)
        for member in EntryMember.allCases where member != .at {
            #expect(text(bytes)?.contains("\"\(member.name)\":7") == true)
        }
    }

    /// A value that could be written in two ways would make two entries of
    /// one.
    @Test(
        arguments: [
            [0xA1, 0x00, 0x18, 0x17], [0xA1, 0x18, 0x00, 0x01], [0xA2, 0x01, 0x01, 0x00, 0x01],
            [0xA2, 0x01, 0x01, 0x01, 0x01],
            [0xBF, 0x00, 0x01, 0xFF], [0xA1, 0x00, 0x7F, 0xFF], [0xA1, 0x00, 0x61, 0xFF], [0xA1, 0x00, 0xF6],
            [0xA1, 0x00, 0xF4],
            [0xA1, 0x00, 0xC0, 0x01], [0xA1, 0x61, 0x61, 0x01], [0xA1, 0x00, 0xFB, 0, 0, 0, 0, 0, 0, 0, 0], [0x01], [],
            [0xA1, 0x00, 0x1B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            [0xA1, 0x00, 0x9B, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            [0xA1, 0x00] + [UInt8](repeating: 0x81, count: 60_000) + [0x01],
        ] as [[UInt8]])
    func anotherEncodingIsNoEntry(_ bytes: [UInt8]) { #expect(text(bytes) == nil) }

    @Test func anEntryOfVersion1StaysAsItIs() {
        let old = #"{"v":1,"kind":"test","at":"2026-06-12T00:00:00.000Z"}"#
        #expect(text(Array(old.utf8)) == old)
    }

    @Test func whatANewerHoldfastSaysKeepsItsNumber() {
        #expect(text([0xA1, 0x18, 0xC8, 0x01]) == #"{"200":1}"#)
    }

    @Test func randomBytesNeverEndTheProcess() {
        let seed = UInt64.random(in: 0 ... .max)
        print("entries: seed \(seed)")
        var random = SplitMix(seed: seed)
        for _ in 0..<20_000 {
            var bytes = (0..<Int.random(in: 1...40, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            bytes[0] = 0xA0 | bytes[0] & 7
            _ = EntryText(bytes)
        }
    }
}
