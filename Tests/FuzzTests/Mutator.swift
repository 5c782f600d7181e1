import Seeded
import NIOCore
import Wire

/// Makes inputs out of others: by bytes, and by whole JSON values, so that
/// some get past the scanner and into the decoders.
struct Mutator {
    private let inputs: [Corpus.Entry]
    /// Values of any kind, from all over the corpus.
    private var values: [[UInt8]] = []
    private static let limit = 64 << 10

    private static let tokens: [String] = [
        "null", "true", "{}", "[]", "\"\"", "0", "-1", "1.0", "1e999", "9223372036854775808", "0.1", "\"type\"",
        "\"\\ud800\"", "\\u0000", "\u{FEFF}", "\u{0}", "\r\n\r\n", "\n\n", "\r", "data: ", "data: [DONE]\n\n",
        "event: ",
        "event: ping\n", ":", ",", "}", "]", "{", "[", "\\", "\"", "[[[[[[[[[[[[", "\"a\":1,", "é", "🌍",
    ]

    init(inputs: [Corpus.Entry]) {
        self.inputs = inputs
        for entry in Corpus.documents {
            guard let document = try? JSONDocument(entry.bytes) else { continue }
            Self.collect(document.root, into: &values)
        }
        values += Self.tokens.prefix(12).map { Array($0.utf8) }
    }

    private static func collect(_ view: JSONView, into values: inout [[UInt8]]) {
        values.append(Array(view.fragment.bytes.readableBytesView))
        for element in view.elements { collect(element, into: &values) }
        for (_, value) in view.members { collect(value, into: &values) }
    }

    mutating func next(_ random: inout SplitMix) -> ByteBuffer {
        var bytes = Array(inputs.randomElement(using: &random)!.bytes.readableBytesView)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            if Bool.random(using: &random), let changed = exchangeValue(bytes, &random) {
                bytes = changed
            } else {
                mutate(&bytes, &random)
            }
            if bytes.count > Self.limit { bytes.removeLast(bytes.count - Self.limit) }
        }
        return ByteBuffer(bytes: bytes)
    }

    /// One value of a JSON text, or of one line of a stream, for another.
    private func exchangeValue(_ bytes: [UInt8], _ random: inout SplitMix) -> [UInt8]? {
        var range = 0..<bytes.count
        if bytes.first != UInt8(ascii: "{") {
            let lines = Self.dataLines(bytes)
            guard let line = lines.randomElement(using: &random) else { return nil }
            range = line
        }
        guard let document = try? JSONDocument(ByteBuffer(bytes: bytes[range])) else { return nil }
        var views: [JSONView] = []
        Self.list(document.root, into: &views)
        let target = views.randomElement(using: &random)!.range
        let place = range.lowerBound + target.lowerBound..<range.lowerBound + target.upperBound
        var changed = bytes
        changed.replaceSubrange(place, with: values.randomElement(using: &random)!.filter { $0 != 0x0A })
        return changed
    }

    private static func list(_ view: JSONView, into views: inout [JSONView]) {
        views.append(view)
        for element in view.elements { list(element, into: &views) }
        for (_, value) in view.members { list(value, into: &views) }
    }

    /// Returns the ranges of the values of `data:` lines.
    private static func dataLines(_ bytes: [UInt8]) -> [Range<Int>] {
        var lines: [Range<Int>] = []
        var start = 0
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            if line.starts(with: Array("data: {".utf8)) { lines.append(start + 6..<start + line.count) }
            start += line.count + 1
        }
        return lines
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix) {
        guard !bytes.isEmpty else {
            bytes = [UInt8.random(in: 0...255, using: &random)]
            return
        }
        let place = Int.random(in: 0..<bytes.count, using: &random)
        let length = min(bytes.count - place, Int.random(in: 1...32, using: &random))
        switch Int.random(in: 0...7, using: &random) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
        case 3: bytes.insert(contentsOf: Self.tokens.randomElement(using: &random)!.utf8, at: place)
        case 4: bytes.removeSubrange(place..<place + length)
        case 5: bytes.insert(contentsOf: Array(bytes[place..<place + length]), at: place)
        case 6:
            let other = Array(inputs.randomElement(using: &random)!.bytes.readableBytesView)
            guard !other.isEmpty else { return }
            let from = Int.random(in: 0..<other.count, using: &random)
            bytes.replaceSubrange(place..., with: other[from...])
        default: bytes.removeSubrange(place...)
        }
    }
}
