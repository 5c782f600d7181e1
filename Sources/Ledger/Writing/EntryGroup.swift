/// Entries that are made durable together, one behind the other as in a
/// bundle: gathered by many, and written as they stand.
package struct EntryGroup: Sendable {
    /// As an ``EntryBundle``.
    package private(set) var bytes: [UInt8] = []
    package private(set) var count = 0

    package init() {}

    package init(_ entries: [[UInt8]]) {
        for entry in entries { entry.withUnsafeBytes { append($0) } }
    }

    /// - Returns: nil where `bytes` don't end with an entry.
    init?(bundle bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        var place = 0
        while place < bytes.count {
            guard place + 2 <= bytes.count else { return nil }
            place += 2 + (Int(bytes[place]) << 8 | Int(bytes[place + 1]))
            count += 1
        }
        guard place == bytes.count else { return nil }
        self.bytes = bytes
    }

    package var isEmpty: Bool { count == 0 }

    /// Their hashes in the tree.
    var leaves: [MerkleHash] {
        var leaves: [MerkleHash] = []
        leaves.reserveCapacity(count)
        forEach { leaves.append(MerkleHash(leaf: $0)) }
        return leaves
    }

    /// - Parameter entry: no longer than ``EntryBundle/mostBytes``.
    package mutating func append(_ entry: UnsafeRawBufferPointer) {
        EntryBundle.append(entry, to: &bytes)
        count += 1
    }

    /// Takes what is gathered, and leaves room for as much.
    package mutating func take() -> EntryGroup {
        var fresh = EntryGroup()
        fresh.bytes.reserveCapacity(bytes.count)
        swap(&self, &fresh)
        return fresh
    }

    func forEach(_ body: (UnsafeRawBufferPointer) -> Void) {
        bytes.withUnsafeBytes { bytes in
            var place = 0
            while place + 2 <= bytes.count {
                let end = place + 2 + (Int(bytes[place]) << 8 | Int(bytes[place + 1]))
                body(UnsafeRawBufferPointer(rebasing: bytes[place + 2..<end]))
                place = end
            }
        }
    }
}
