import Encodings
import Ledger
import LedgerDisk

/// One audit: of a ledger's folder with its receipts, or of a lone proof.
struct Audit {
    /// The findings of an audit that holds.
    struct Finding {
        var lines: [String] = []
        var json = JSONLine()
    }

    private enum Receipt {
        case custody(CustodyReceiptFile)
        case proof(LedgerProof)
    }

    let arguments: VerifyArguments
    let policy: LedgerPolicy

    func run() throws(AuditFailure) -> Finding {
        guard AuditedFile.isFolder(arguments.target) else { return try proof() }
        return try ledger()
    }

    /// Every entry, once the whole ledger has been found to hold.
    func entries(_ show: (String) -> Void) throws(AuditFailure) {
        guard AuditedFile.isFolder(arguments.target) else { return }
        let folder = LedgerFolder(arguments.target)
        _ = try AuditFailure.judged { () throws(LedgerProblem) in
            try LedgerVerifier(folder, policy: policy).verify { index, bytes in
                if let text = EntryText(bytes), text.json.first == UInt8(ascii: "{") {
                    show("{\"index\":\(index),\(String(decoding: text.json.dropFirst(), as: UTF8.self))")
                } else {
                    // Another program's; as it is.
                    show("{\"index\":\(index),\"bytes\":\"\(Base64.encode(Array(bytes)))\"}")
                }
            }
        }
    }

    // MARK: A ledger

    private func ledger() throws(AuditFailure) -> Finding {
        let folder = LedgerFolder(arguments.target)
        var receipts: [(path: String, receipt: Receipt, index: UInt64?)] = []
        for path in arguments.receipts { receipts.append((path, try receipt(path), nil)) }
        var trusted: [[UInt8]] = []
        for note in arguments.trusted { trusted.append(try ownCheckpoint(note)) }
        let report = try AuditFailure.judged { () throws(LedgerProblem) in
            try LedgerVerifier(folder, policy: policy).verify(trusted: trusted) { index, bytes in
                for place in receipts.indices where receipts[place].index == nil {
                    guard isRecord(index, bytes, of: receipts[place].receipt) else { continue }
                    receipts[place].index = index
                }
            }
        }
        var finding = Finding(lines: [report.text], json: report.json)
        for (path, receipt, index) in receipts {
            guard let index else { throw missing(path, receipt, report) }
            finding.lines.append("receipt     \(path): on record as entry \(index)")
            finding.json.add("receipts", path, index: index)
        }
        return finding
    }

    private func receipt(_ path: String) throws(AuditFailure) -> Receipt {
        let bytes = try AuditedFile.read(path)
        guard LedgerProof.isOne(bytes) else { return .custody(try CustodyReceiptFile(bytes, path: path)) }
        return .proof(try readProof(bytes, path))
    }

    private func isRecord(_ index: UInt64, _ bytes: ArraySlice<UInt8>, of receipt: Receipt) -> Bool {
        switch receipt {
        case .custody(let receipt): EntryText(bytes).map { receipt.isIn($0.json) } ?? false
        case .proof(let proof): proof.index == index && (try? proof.verify(Array(bytes), policy: policy)) != nil
        }
    }

    private func missing(_ path: String, _ receipt: Receipt, _ report: LedgerVerifier.Report) -> AuditFailure {
        if report.minimumIndex > 0 {
            return .couldNotLook(
                "\(path) is of no entry from \(report.minimumIndex) on, and those before were pruned")
        }
        switch receipt {
        case .custody(let receipt):
            return .doesNotHold("the ledger holds, and has no record of \(path): no engine was loaded as \(receipt.id)")
        case .proof(let proof):
            return proof.index >= report.entries
                ? .couldNotLook("\(path) is of entry \(proof.index), and this copy has \(report.entries) entries")
                : .doesNotHold("entry \(proof.index) of the ledger is not the one in \(path)")
        }
    }

    /// A kept checkpoint of another log shows nothing about this one.
    private func ownCheckpoint(_ note: SignedNote) throws(AuditFailure) -> [UInt8] {
        let origin = try AuditFailure.judged { () throws(LedgerProblem) in try Checkpoint(text: note.text).origin }
        guard policy.logs.contains(where: { $0.key.name == origin }) else {
            throw .couldNotLook("--trusted is a checkpoint of \(origin), which is another log")
        }
        return note.bytes
    }

    // MARK: A proof

    private func proof() throws(AuditFailure) -> Finding {
        let path = arguments.target
        guard arguments.receipts.isEmpty, arguments.trusted.isEmpty else {
            throw .couldNotLook("\(path) is no folder; receipts and checkpoints are looked for in a copy of the ledger")
        }
        let bytes = try AuditedFile.read(path)
        guard LedgerProof.isOne(bytes) else {
            throw .couldNotLook(
                "\(path) is no .tlog-proof; a custody receipt is checked against a copy of the ledger: "
                    + "holdfast-verify DIR --receipt \(path)")
        }
        let proof = try readProof(bytes, path)
        guard let entry = proof.extra else { throw .couldNotLook("the proof doesn't hold the entry itself") }
        let verified = try AuditFailure.judged { () throws(LedgerProblem) in try proof.verify(entry, policy: policy) }
        let text = String(decoding: EntryText(entry)?.json ?? entry, as: UTF8.self)
        var finding = Finding()
        finding.lines = [
            "entry \(proof.index) of \(verified.checkpoint.origin), which has \(verified.size) entries:", text,
        ]
        for cosignature in verified.cosignatures { finding.lines.append("cosigned    \(cosignature)") }
        finding.json.add("ledger", verified.checkpoint.origin)
        finding.json.add("index", proof.index)
        finding.json.add("entries", verified.size)
        finding.json.add("root", verified.root.base64)
        finding.json.add(verified.cosignatures)
        return finding
    }

    private func readProof(_ bytes: [UInt8], _ path: String) throws(AuditFailure) -> LedgerProof {
        do throws(LedgerProblem) {
            return try LedgerProof(bytes)
        } catch {
            throw .couldNotLook("\(path) is damaged: \(error)")
        }
    }
}

extension LedgerVerifier.Report {
    /// The findings, for programs.
    fileprivate var json: JSONLine {
        var json = JSONLine()
        json.add("ledger", checkpoint.checkpoint.origin)
        json.add("entries", checkpoint.size)
        json.add("root", checkpoint.root.base64)
        json.add("files", UInt64(files))
        json.add("minimum_index", minimumIndex)
        json.add(checkpoint.cosignatures)
        if let witnessed { json.add("witnessed_entries", witnessed.size) }
        json.add("extends", extended)
        json.add("left_over", leftovers)
        json.add("caveats", caveats)
        return json
    }
}
