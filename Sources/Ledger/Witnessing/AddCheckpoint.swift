import Encodings

/// A log's request to a witness to cosign a checkpoint, with the proof that it extends the checkpoint that the witness
/// cosigned last (C2SP tlog-witness, "add-checkpoint").
package struct AddCheckpoint: Sendable, Hashable {
    /// The size of the one that the witness has cosigned last; 0 of none, and
    /// where that isn't known.
    package var oldSize: UInt64
    package var proof: [MerkleHash]
    package var checkpoint: SignedNote

    /// A proof's most hashes.
    package static let mostHashes = 63
    /// A request's most bytes: such a proof, and a note with as many
    /// signatures as ``SignedNote`` takes.
    package static let mostBytes = 64 << 10
    /// Below a witness's submission prefix.
    package static let path = "add-checkpoint"

    package init(oldSize: UInt64, proof: [MerkleHash], checkpoint: SignedNote) {
        self.oldSize = oldSize
        self.proof = proof
        self.checkpoint = checkpoint
    }

    /// - Throws: ``LedgerProblem`` where the bytes are anything but such a
    ///   request.
    package init(_ bytes: [UInt8]) throws(LedgerProblem) {
        guard bytes.count <= Self.mostBytes else { throw LedgerProblem("the request is too long") }
        var rest = bytes[...]
        func line() throws(LedgerProblem) -> String {
            guard let end = rest.firstIndex(of: 0x0A) else { throw LedgerProblem("a line has no end") }
            defer { rest = rest[(end + 1)...] }
            return String(decoding: rest[..<end], as: UTF8.self)
        }
        let first = try line()
        guard first.hasPrefix("old "), let size = UInt64(first.dropFirst(4)), first == "old \(size)" else {
            throw LedgerProblem("the first line is not `old` and a size")
        }
        oldSize = size
        proof = []
        while true {
            let line = try line()
            guard !line.isEmpty else { break }
            guard proof.count < Self.mostHashes else { throw LedgerProblem("the proof has too many hashes") }
            guard let hash = Base64.decode(line).flatMap({ MerkleHash($0) }) else {
                throw LedgerProblem("a hash of the proof is malformed")
            }
            proof.append(hash)
        }
        checkpoint = try SignedNote(Array(rest))
    }

    package var bytes: [UInt8] {
        var text = "old \(oldSize)\n"
        for hash in proof { text += hash.base64 + "\n" }
        return Array((text + "\n").utf8) + checkpoint.bytes
    }
}
