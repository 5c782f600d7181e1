import Encodings

/// A proof that an entry is in a log, which can be verified without access to the log (C2SP tlog-proof@v1).
///
/// It contains the entry's index, the hashes from the entry up to the tree's root, and a checkpoint that commits to the
/// root with the signatures of the log and of its witnesses.
package struct LedgerProof: Sendable, Hashable {
    package var index: UInt64
    package var path: [MerkleHash]
    package var checkpoint: SignedNote
    /// Opaque and not authenticated; Holdfast puts the entry itself there, so
    /// that a proof stands alone.
    package var extra: [UInt8]?

    private static let header = "c2sp.org/tlog-proof@v1"

    package init(index: UInt64, path: [MerkleHash], checkpoint: SignedNote, extra: [UInt8]? = nil) {
        self.index = index
        self.path = path
        self.checkpoint = checkpoint
        self.extra = extra
    }

    /// Returns whether the bytes begin with the header of a proof.
    package static func isOne(_ bytes: [UInt8]) -> Bool { bytes.starts(with: "\(header)\n".utf8) }

    package init(_ bytes: [UInt8]) throws(LedgerProblem) {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw LedgerProblem("the proof is not UTF-8") }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        guard lines.popFirst() == Substring(Self.header) else {
            throw LedgerProblem("the proof does not begin with \(Self.header)")
        }
        if let line = lines.first, line.hasPrefix("extra ") {
            guard let bytes = Base64.decode(line.dropFirst(6)) else {
                throw LedgerProblem("the proof's extra data is not base 64")
            }
            extra = bytes
            lines.removeFirst()
        }
        guard let line = lines.popFirst(), line.hasPrefix("index "), let index = UInt64(line.dropFirst(6)),
            line == "index \(index)"
        else { throw LedgerProblem("the proof has no index") }
        self.index = index
        path = []
        while let line = lines.first, !line.isEmpty {
            guard path.count < 64, let hash = Base64.decode(line).flatMap({ MerkleHash($0) }) else {
                throw LedgerProblem("a hash of the proof is malformed")
            }
            path.append(hash)
            lines.removeFirst()
        }
        guard lines.popFirst() != nil else { throw LedgerProblem("the proof has no checkpoint") }
        checkpoint = try SignedNote(Array(lines.joined(separator: "\n").utf8))
    }

    package var bytes: [UInt8] {
        var text = Self.header + "\n"
        if let extra { text += "extra \(Base64.encode(extra))\n" }
        text += "index \(index)\n"
        for hash in path { text += hash.base64 + "\n" }
        return Array((text + "\n").utf8) + checkpoint.bytes
    }

    /// - Throws: ``LedgerProblem`` where it proves nothing about that entry
    ///   under the policy.
    @discardableResult
    package func verify(
        _ entry: [UInt8], policy: LedgerPolicy
    ) throws(LedgerProblem) -> VerifiedCheckpoint {
        let verified = try VerifiedCheckpoint(checkpoint, policy: policy)
        guard
            MerkleProof.includes(
                MerkleHash(leaf: entry), at: index, size: verified.size, root: verified.root, proof: path)
        else { throw LedgerProblem("the entry is not at index \(index) of that log") }
        return verified
    }
}
