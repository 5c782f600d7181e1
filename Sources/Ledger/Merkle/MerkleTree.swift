/// Hashes of whole subtrees: what a tree can be computed from.
package protocol SubtreeHashes {
    /// The hash of the `index`-th subtree of 2^`level` entries, which is
    /// whole.
    func hash(level: Int, index: UInt64) throws -> MerkleHash
}

/// A Merkle tree of `size` entries (RFC 6962), computed from subtree hashes that are stored elsewhere.
///
/// Each entry is hashed into a leaf, and each pair of hashes into their parent, up to one root hash. The root commits
/// to all entries and their order: changing, removing or inserting an entry changes the root. A few hashes are enough
/// to prove that one entry is in the tree, or that a larger tree begins with all entries of a smaller one.
package struct MerkleTree<Hashes: SubtreeHashes> {
    package let size: UInt64
    private let hashes: Hashes

    package init(size: UInt64, _ hashes: Hashes) {
        self.size = size
        self.hashes = hashes
    }

    /// MTH of RFC 6962 §2.1.
    package func root() throws -> MerkleHash { try hash(0..<size) }

    /// PATH of RFC 6962 §2.1.1.
    package func inclusion(of index: UInt64) throws -> [MerkleHash] {
        precondition(index < size)
        var path: [MerkleHash] = []
        var range = 0..<size
        // From the root down, so the other way round.
        while range.count > 1 {
            let middle = range.lowerBound + Self.split(UInt64(range.count))
            if index < middle {
                path.append(try hash(middle..<range.upperBound))
                range = range.lowerBound..<middle
            } else {
                path.append(try hash(range.lowerBound..<middle))
                range = middle..<range.upperBound
            }
        }
        return path.reversed()
    }

    /// PROOF of RFC 6962 §2.1.2: that this tree begins with the one of
    /// `oldSize` entries. Nothing for 0 and for its own size.
    package func consistency(from oldSize: UInt64) throws -> [MerkleHash] {
        precondition(oldSize <= size)
        guard oldSize > 0, oldSize < size else { return [] }
        var path: [MerkleHash] = []
        var range = 0..<size
        var isWhole = true
        while oldSize != range.upperBound {
            let middle = range.lowerBound + Self.split(UInt64(range.count))
            if oldSize <= middle {
                path.append(try hash(middle..<range.upperBound))
                range = range.lowerBound..<middle
            } else {
                path.append(try hash(range.lowerBound..<middle))
                range = middle..<range.upperBound
                isWhole = false
            }
        }
        if !isWhole { path.append(try hash(range)) }
        return path.reversed()
    }

    /// The largest power of two below `count`.
    private static func split(_ count: UInt64) -> UInt64 { 1 << (63 - (count - 1).leadingZeroBitCount) }

    /// The hash of the subtree over `range`, which has to begin where a subtree of this size can begin.
    private func hash(_ range: Range<UInt64>) throws -> MerkleHash {
        guard !range.isEmpty else { return .empty }
        // From the right: the whole subtrees of the range, smallest first.
        var end = range.upperBound
        var result: MerkleHash?
        while end > range.lowerBound {
            let level = (end - range.lowerBound).trailingZeroBitCount
            let start = end - (1 << UInt64(level))
            let whole = try hashes.hash(level: level, index: start >> UInt64(level))
            result = result.map { MerkleHash(whole, $0) } ?? whole
            end = start
        }
        return result!
    }
}
