import Encodings

/// A log's size and the root of its tree (C2SP tlog-checkpoint): the text of a signed note.
package struct Checkpoint: Sendable, Hashable {
    package var origin: String
    package var size: UInt64
    package var root: MerkleHash

    package init(origin: String, size: UInt64, root: MerkleHash) {
        self.origin = origin
        self.size = size
        self.root = root
    }

    /// - Throws: ``LedgerProblem`` where the text is no checkpoint's.
    package init(text: String) throws(LedgerProblem) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 4, lines.last == "", !lines.dropLast().contains(""), let size = UInt64(lines[1]),
            String(size) == lines[1], let root = Base64.decode(lines[2]).flatMap({ MerkleHash($0) })
        else { throw LedgerProblem("the text is not a checkpoint's") }
        origin = String(lines[0])
        self.size = size
        self.root = root
    }

    package var text: String { "\(origin)\n\(size)\n\(root.base64)\n" }
}

/// A checkpoint that was signed by its log: the only one that anything else
/// is checked against.
package struct VerifiedCheckpoint: Sendable, Hashable {
    package let checkpoint: Checkpoint
    package let note: SignedNote
    /// The witnesses of the policy that saw it.
    package let witnesses: [VerifierKey]

    package var size: UInt64 { checkpoint.size }
    package var root: MerkleHash { checkpoint.root }

    /// - Throws: ``LedgerProblem``: another log's, not signed by a log of the
    ///   policy, or without its quorum of witnesses.
    package init(_ note: SignedNote, policy: LedgerPolicy) throws(LedgerProblem) {
        let checkpoint = try Checkpoint(text: note.text)
        let logs = policy.logs.map(\.key).filter { $0.name == checkpoint.origin }
        guard !logs.isEmpty else {
            throw LedgerProblem(
                "the policy names no log \"\(checkpoint.origin)\"; this is another log's checkpoint", kind: .unreadable)
        }
        guard try !note.signers(among: logs).isEmpty else {
            throw LedgerProblem("the checkpoint is not signed by a key that is trusted here (--log, --policy)")
        }
        let witnesses = try note.signers(among: policy.witnesses.map(\.key))
        guard policy.isSatisfied(by: Set(witnesses)) else {
            throw LedgerProblem("the checkpoint lacks the policy's quorum of witnesses (\(policy.quorum))")
        }
        (self.note, self.checkpoint, self.witnesses) = (note, checkpoint, witnesses)
    }
}
