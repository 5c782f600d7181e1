import Crypto

/// Entries that are durable and not yet in tiles: groups, each written and
/// synced as one, so that an acknowledgement costs one sync of one file.
///
/// A group is `HFJ1`, the index of its first entry and the number of its
/// bytes (big-endian uint64, uint32), the entries as in a bundle, and the
/// first 16 bytes of the SHA-256 of all that. A group that isn't whole was
/// never acknowledged.
enum Journal {
    static let folder = "journal"
    private static let magic = Array("HFJ1".utf8)
    private static let head = 16
    private static let sum = 16

    static func path(from index: UInt64) -> String {
        let digits = String(index)
        return "\(folder)/\(String(repeating: "0", count: 20 - digits.count))\(digits)"
    }

    static func start(of name: String) -> UInt64? { name.utf8.count == 20 ? UInt64(name) : nil }

    static func group(from index: UInt64, _ entries: EntryGroup) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entries.bytes.count + head + sum)
        bytes += magic
        withUnsafeBytes(of: index.bigEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: UInt32(entries.bytes.count).bigEndian) { bytes.append(contentsOf: $0) }
        bytes += entries.bytes
        bytes.append(contentsOf: Array(SHA256.hash(data: bytes)).prefix(sum))
        return bytes
    }

    /// The whole groups at the beginning of `bytes`.
    /// - Returns: the entries, and whether there is more behind them.
    static func read(_ bytes: [UInt8]) -> (groups: [(index: UInt64, entries: [[UInt8]])], isTorn: Bool) {
        var groups: [(index: UInt64, entries: [[UInt8]])] = []
        var place = 0
        while place < bytes.count {
            guard place + head <= bytes.count, Array(bytes[place..<place + 4]) == magic else { return (groups, true) }
            let index = bytes[place + 4..<place + 12].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let length = Int(bytes[place + 12..<place + 16].reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
            let end = place + head + length
            guard end + sum <= bytes.count,
                Array(SHA256.hash(data: bytes[place..<end])).prefix(sum).elementsEqual(bytes[end..<end + sum])
            else { return (groups, true) }
            var entries: [[UInt8]] = []
            var offset = place + head
            while offset + 2 <= end {
                let start = offset + 2
                let stop = start + (Int(bytes[offset]) << 8 | Int(bytes[offset + 1]))
                guard stop <= end else { return (groups, true) }
                entries.append(Array(bytes[start..<stop]))
                offset = stop
            }
            groups.append((index, entries))
            place = end + sum
        }
        return (groups, false)
    }
}
