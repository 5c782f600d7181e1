/// Entries one behind the other, each with its length before it (C2SP
/// tlog-tiles, big-endian uint16).
package enum EntryBundle {
    /// An entry's most bytes.
    package static let mostBytes = 65_535

    package static func append(_ entry: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        precondition(entry.count <= mostBytes)
        bytes.append(UInt8(entry.count >> 8))
        bytes.append(UInt8(entry.count & 0xFF))
        bytes.append(contentsOf: entry)
    }

    /// Returns the ranges of the entries in `bytes`, or nil if the bytes are not exactly `count` entries.
    package static func ranges(_ bytes: [UInt8], count: Int) -> [Range<Int>]? {
        var ranges: [Range<Int>] = []
        ranges.reserveCapacity(count)
        var place = 0
        while place < bytes.count {
            guard ranges.count < count, place + 2 <= bytes.count else { return nil }
            let start = place + 2
            let end = start + (Int(bytes[place]) << 8 | Int(bytes[place + 1]))
            guard end <= bytes.count else { return nil }
            ranges.append(start..<end)
            place = end
        }
        return ranges.count == count ? ranges : nil
    }
}
