import Crypto

/// The entries that are durable and not yet in tiles: groups, each written and synced as one, so that an
/// acknowledgement costs one sync of one file.
///
/// The file is overwritten from its beginning once a checkpoint commits to its entries. The reason is the cost of a
/// sync: for bytes that existed before, the disk writes only those bytes; for a file that is new or grows, it also
/// writes a change of the file system's own records.
///
/// A group is `HFJ2`, the index of its first entry and the number of its bytes (big-endian uint64, uint32), the entries
/// as in a bundle, and the first 16 bytes of the SHA-256 of: the sum of the group before it in the file (zeros before
/// the first), the 16 bytes of its own head, and the hashes of its entries. A group that isn't whole was never
/// acknowledged. Bytes after the last group are the remains of older content; they do not continue its sum, so they are
/// never taken for a group.
struct Journal {
    static let folder = "journal"
    static let name = "groups"
    private static let path = "\(folder)/\(name)"
    private static let magic = Array("HFJ2".utf8)
    private static let head = 16
    static let sum = 16
    private static let start = [UInt8](repeating: 0, count: sum)
    /// Room beyond that is given back.
    private static let mostKept = 16 << 20

    /// A group, as it was read.
    struct Group {
        let index: UInt64
        let entries: EntryGroup
        let leaves: [MerkleHash]
    }

    private var end = 0
    private var lastSum = start
    private var isNamed = false

    /// Makes a group durable.
    mutating func add(
        _ entries: EntryGroup, _ leaves: [MerkleHash], from index: UInt64, to files: any LedgerFiles
    ) throws(LedgerProblem) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.head + entries.bytes.count + Self.sum)
        bytes += Self.magic
        withUnsafeBytes(of: index.bigEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: UInt32(entries.bytes.count).bigEndian) { bytes.append(contentsOf: $0) }
        let sum = Self.sum(after: lastSum, bytes[...], leaves)
        bytes += entries.bytes
        bytes += sum
        try files.write(Self.path, bytes, at: end)
        try files.sync(Self.path)
        if !isNamed {
            try files.syncFolder(Self.folder)
            try files.syncFolder("")
            isNamed = true
        }
        end += bytes.count
        lastSum = sum
    }

    /// Begins the file anew: a durable checkpoint commits to all that stands
    /// in it.
    mutating func restart(_ files: any LedgerFiles) throws(LedgerProblem) {
        if end > Self.mostKept {
            try files.remove(Self.path)
            isNamed = false
        }
        end = 0
        lastSum = Self.start
    }

    /// The groups of a file that was written so.
    static func read(_ files: any LedgerFiles) throws(LedgerProblem) -> [Group] {
        guard let bytes = try files.read(path) else { return [] }
        var last = start
        return groups(in: bytes, magic: magic) { head, entries, leaves in
            last = sum(after: last, head, leaves)
            return last
        }
    }

    /// The whole groups at the beginning of `bytes`.
    /// - Parameter sum: computes the bytes that have to follow a group with that head and these entries.
    static func groups(
        in bytes: [UInt8], magic: [UInt8], sum: (ArraySlice<UInt8>, EntryGroup, [MerkleHash]) -> [UInt8]
    ) -> [Group] {
        var groups: [Group] = []
        var place = 0
        while place + head + Self.sum <= bytes.count, bytes[place..<place + magic.count].elementsEqual(magic) {
            let index = bytes[place + 4..<place + 12].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let length = Int(bytes[place + 12..<place + head].reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
            let first = place + head
            let end = first + length
            guard end + Self.sum <= bytes.count, let entries = EntryGroup(bundle: bytes[first..<end]) else { break }
            let leaves = entries.leaves
            guard sum(bytes[place..<first], entries, leaves).elementsEqual(bytes[end..<end + Self.sum]) else { break }
            groups.append(Group(index: index, entries: entries, leaves: leaves))
            place = end + Self.sum
        }
        return groups
    }

    private static func sum(after last: [UInt8], _ head: ArraySlice<UInt8>, _ leaves: [MerkleHash]) -> [UInt8] {
        var hasher = SHA256()
        hasher.update(data: last)
        hasher.update(data: head)
        leaves.withUnsafeBytes { hasher.update(bufferPointer: $0) }
        return Array(hasher.finalize().prefix(sum))
    }
}
