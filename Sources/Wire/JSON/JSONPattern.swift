import Glibc
package import NIOCore

/// A JSON text of which several values vary and nothing else: the events of a
/// stream that differ in the next words, in a number that counts them, and in
/// padding.
///
/// The same as ``JSONTemplate`` for more than one value. The values that vary
/// are strings, or numbers of digits alone.
package struct JSONPattern: Sendable {
    private struct Gap {
        /// The bytes before it that don't vary.
        var before: Range<Int>
        var isString: Bool
    }

    private let text: ByteBuffer
    private let gaps: [Gap]
    /// The bytes behind the last one.
    private let tail: Range<Int>

    /// Learns from a text.
    /// - Parameter values: Strings and numbers of one document, in the order in
    ///   which they stand in it.
    package init(varying values: [JSONView]) {
        let bytes = values.first?.document.bytes ?? ByteBuffer()
        text = ByteBuffer(bytes: bytes.readableBytesView)
        var gaps: [Gap] = []
        var place = 0
        for value in values {
            let isString = value.kind == .string
            // A string's quotes don't vary.
            let range = isString ? value.range.lowerBound + 1..<value.range.upperBound - 1 : value.range
            gaps.append(Gap(before: place..<range.lowerBound, isString: isString))
            place = range.upperBound
        }
        self.gaps = gaps
        tail = place..<bytes.readableBytes
    }

    /// The greatest number of values that may vary.
    package static let mostValues = 4

    /// The values of a text like the one that was learnt, in their order.
    package struct Match {
        fileprivate let bytes: UnsafeBufferPointer<UInt8>
        fileprivate let ranges: UnsafeMutableBufferPointer<Range<Int>>
        fileprivate let escaped: UInt8

        /// Returns the text of a string.
        package func string(_ index: Int) -> String {
            JSONString.decode(
                UnsafeBufferPointer(rebasing: bytes[ranges[index]]), isEscaped: escaped & 1 << UInt8(index) != 0)
        }

        /// Returns a number; nil where it is too large.
        package func number(_ index: Int) -> Int? {
            var value = 0
            guard ranges[index].count <= 18 else { return nil }
            for byte in bytes[ranges[index]] { value = value * 10 + Int(byte - UInt8(ascii: "0")) }
            return value
        }
    }

    /// Calls `body` with the values of a text like the one that was learnt.
    /// - Returns: nil for any other text.
    package func match<T>(_ bytes: ByteBuffer, _ body: (Match) -> T) -> T? {
        guard gaps.count <= Self.mostValues else { return nil }
        return bytes.withUnsafeReadableBytes { raw in
            text.withUnsafeReadableBytes { known in
                withUnsafeTemporaryAllocation(of: Range<Int>.self, capacity: Self.mostValues) { ranges in
                    let bytes = raw.assumingMemoryBound(to: UInt8.self)
                    guard let escaped = read(bytes, known, into: ranges) else { return nil }
                    return body(Match(bytes: bytes, ranges: ranges, escaped: escaped))
                }
            }
        }
    }

    /// - Returns: A bit for each string with escapes; nil where the text is
    ///   another one.
    private func read(
        _ bytes: UnsafeBufferPointer<UInt8>, _ known: UnsafeRawBufferPointer,
        into ranges: UnsafeMutableBufferPointer<Range<Int>>
    ) -> UInt8? {
        guard let start = bytes.baseAddress else { return nil }
        var place = 0
        var escaped: UInt8 = 0
        for (index, gap) in gaps.enumerated() {
            guard same(known, gap.before, bytes, at: place) else { return nil }
            place += gap.before.count
            if gap.isString {
                // From its opening quote.
                var scanner = JSONScanner(scanning: bytes, base: start)
                scanner.position = place - 1
                guard let isEscaped = try? scanner.string() else { return nil }
                if isEscaped { escaped |= 1 << UInt8(index) }
                ranges[index] = place..<scanner.position - 1
                place = scanner.position - 1
            } else {
                var end = place
                while end < bytes.count, bytes[end] &- UInt8(ascii: "0") < 10 { end += 1 }
                guard end > place, bytes[place] != UInt8(ascii: "0") || end == place + 1 else { return nil }
                ranges[index] = place..<end
                place = end
            }
        }
        guard bytes.count - place == tail.count, same(known, tail, bytes, at: place) else { return nil }
        return escaped
    }

    private func same(
        _ known: UnsafeRawBufferPointer, _ range: Range<Int>, _ bytes: UnsafeBufferPointer<UInt8>, at place: Int
    ) -> Bool {
        guard place + range.count <= bytes.count else { return false }
        guard !range.isEmpty, let one = known.baseAddress, let other = bytes.baseAddress else { return range.isEmpty }
        return memcmp(one + range.lowerBound, other + place, range.count) == 0
    }
}
