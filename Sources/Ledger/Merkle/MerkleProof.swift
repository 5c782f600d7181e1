/// Checks of proofs, as RFC 9162 writes RFC 6962's out in full (§2.1.3.2 and
/// §2.1.4.2).
package enum MerkleProof {
    /// Returns whether the proof shows that the entry with the hash `leaf` is the one at `index` of the tree of `size`
    /// entries whose root is `root`.
    package static func includes(
        _ leaf: MerkleHash, at index: UInt64, size: UInt64, root: MerkleHash, proof: [MerkleHash]
    ) -> Bool {
        guard index < size else { return false }
        var node = index
        var last = size - 1
        var hash = leaf
        for sibling in proof {
            guard last != 0 else { return false }
            if node & 1 == 1 || node == last {
                hash = MerkleHash(sibling, hash)
                while node & 1 == 0, node != 0 {
                    node >>= 1
                    last >>= 1
                }
            } else {
                hash = MerkleHash(hash, sibling)
            }
            node >>= 1
            last >>= 1
        }
        return last == 0 && hash == root
    }

    /// Returns whether the proof shows that the tree with `size` entries and `root` begins with the tree with `oldSize`
    /// entries and `oldRoot`.
    package static func extends(
        oldSize: UInt64, oldRoot: MerkleHash, size: UInt64, root: MerkleHash, proof: [MerkleHash]
    ) -> Bool {
        guard oldSize <= size else { return false }
        if oldSize == size { return proof.isEmpty && oldRoot == root }
        // The empty tree is the beginning of every other.
        if oldSize == 0 { return proof.isEmpty && oldRoot == .empty }
        guard !proof.isEmpty else { return false }
        var path = proof[...]
        // A whole subtree is its own first step.
        if oldSize & (oldSize - 1) == 0 { path = [oldRoot] + path }
        var node = oldSize - 1
        var last = size - 1
        while node & 1 == 1 {
            node >>= 1
            last >>= 1
        }
        var old = path.removeFirst()
        var new = old
        for hash in path {
            guard last != 0 else { return false }
            if node & 1 == 1 || node == last {
                old = MerkleHash(hash, old)
                new = MerkleHash(hash, new)
                while node & 1 == 0, node != 0 {
                    node >>= 1
                    last >>= 1
                }
            } else {
                new = MerkleHash(new, hash)
            }
            node >>= 1
            last >>= 1
        }
        return last == 0 && old == oldRoot && new == root
    }
}
