import Encodings
import Crypto

/// A witness of logs, which cosigns a log's checkpoint only if it extends the checkpoint that the witness cosigned last
/// (C2SP tlog-witness).
///
/// A log that showed different histories to different readers would need a cosignature for each of them. A witness
/// signs only one, so readers who require its cosignature all see the same history.
///
/// A cosigned checkpoint is durable before the cosignature is returned, since a witness that forgot it could be used to
/// cosign a second history. Synchronous and without a clock; belongs to one thread, and its files to one process.
package struct CheckpointWitness {
    private let files: any LedgerFiles
    private let signer: SignerKey
    /// The keys of each log, by the log's origin.
    private let logs: [String: [VerifierKey]]

    package var key: VerifierKey { signer.verifier }

    /// - Parameters:
    ///   - files: of a witness alone; one file for each log.
    ///   - key: that signs cosignatures.
    ///   - logs: their keys; a key's name is its log's origin.
    /// - Throws: ``LedgerProblem`` where what was remembered is damaged or is
    ///   another witness's: it must not begin anew with a log that it knows.
    package init(_ files: any LedgerFiles, key: SignerKey, logs: [VerifierKey]) throws(LedgerProblem) {
        guard key.verifier.kind == .cosignature else { throw LedgerProblem("the witness's key is no key of a witness") }
        self.files = files
        signer = key
        self.logs = Dictionary(grouping: logs, by: \.name)
        for origin in self.logs.keys { _ = try newest(of: origin) }
    }

    /// Below the public folder: as the protocol's monitoring prefix has it, so
    /// that any web server can serve it.
    package static func path(of origin: String) -> String { "\(name(of: origin))/checkpoint" }

    private static func name(of origin: String) -> String {
        Hex.encode(SHA256.hash(data: Array(origin.utf8)))
    }

    /// The newest checkpoint of a log that was cosigned; nil where none was.
    private func newest(of origin: String) throws(LedgerProblem) -> Checkpoint? {
        guard let bytes = try files.read(Self.path(of: origin)) else { return nil }
        let note = try SignedNote(bytes)
        let checkpoint = try Checkpoint(text: note.text)
        guard checkpoint.origin == origin, try !note.signers(among: [signer.verifier]).isEmpty else {
            throw LedgerProblem(
                "what is remembered of \(origin) was not cosigned by this witness (\(Self.path(of: origin)))")
        }
        return checkpoint
    }

    /// Answers a request.
    /// - Parameters:
    ///   - body: an ``AddCheckpoint``'s bytes.
    ///   - time: seconds since 1970, which the cosignature carries.
    /// - Throws: ``LedgerProblem`` where its files fail: then it has cosigned
    ///   nothing.
    package func answer(_ body: [UInt8], time: UInt64) throws(LedgerProblem) -> WitnessAnswer {
        let request: AddCheckpoint
        let checkpoint: Checkpoint
        do throws(LedgerProblem) {
            request = try AddCheckpoint(body)
            checkpoint = try Checkpoint(text: request.checkpoint.text)
        } catch {
            return .malformed(error.description)
        }
        guard let keys = logs[checkpoint.origin] else { return .unknownLog("this witness doesn't know that log") }
        let signers: [VerifierKey]
        do throws(LedgerProblem) {
            signers = try request.checkpoint.signers(among: keys)
        } catch {
            return .unsigned(error.description)
        }
        guard !signers.isEmpty else { return .unsigned("the checkpoint is not signed by a key that is known here") }
        guard request.oldSize <= checkpoint.size else {
            return .malformed("the old size is larger than the checkpoint's")
        }
        let old = try newest(of: checkpoint.origin) ?? Checkpoint(origin: checkpoint.origin, size: 0, root: .empty)
        guard request.oldSize == old.size else { return .otherSize(old.size) }
        if let why = Self.contradiction(of: checkpoint, to: old, request.proof) { return .inconsistent(why) }
        return .cosigned(checkpoint, line: try cosign(request.checkpoint, signers, checkpoint.origin, time))
    }

    private static func contradiction(
        of checkpoint: Checkpoint, to old: Checkpoint, _ proof: [MerkleHash]
    ) -> String? {
        if checkpoint.size == 0, checkpoint.root != .empty { return "a log without entries has another root" }
        if checkpoint.size == old.size, checkpoint.root != old.root {
            return "another root was cosigned at \(old.size) entries"
        }
        guard
            MerkleProof.extends(
                oldSize: old.size, oldRoot: old.root, size: checkpoint.size, root: checkpoint.root, proof: proof)
        else { return "the proof doesn't show that the log goes on from its \(old.size) entries" }
        return nil
    }

    /// - Returns: the signature line, once it and the checkpoint are durable.
    private func cosign(
        _ checkpoint: SignedNote, _ signers: [VerifierKey], _ origin: String, _ time: UInt64
    ) throws(LedgerProblem) -> String {
        // Only what was verified is passed on by the file.
        var note = checkpoint.keeping(signers)
        try note.sign(signer, time: max(time, 1))
        let path = Self.path(of: origin)
        try files.replace(path, note.bytes, by: "scratch/\(Self.name(of: origin))")
        try files.syncFolder(Self.name(of: origin))
        try files.syncFolder("")
        return note.signatures.last!.line
    }
}
