extension LedgerVerifier.Report {
    /// The verified facts, one per line, for people.
    package var text: String {
        let checkpoint = checkpoint.checkpoint
        var lines = [
            "ledger      \(checkpoint.origin)", "entries     \(checkpoint.size)",
            "root        \(checkpoint.root.base64)",
            "verified    \(entries) entries in \(files) files, up to the signed root",
        ]
        if let witnessed {
            let names = witnessed.witnesses.map(\.name).joined(separator: ", ")
            let rest = checkpoint.size - witnessed.size
            lines.append("witnesses   \(names)" + (rest > 0 ? "; not yet of the last \(rest) entries" : ""))
        }
        for cosignature in self.checkpoint.cosignatures { lines.append("cosigned    \(cosignature)") }
        if let witnessed, witnessed.size < checkpoint.size {
            for cosignature in witnessed.cosignatures {
                lines.append("cosigned    \(cosignature), of \(witnessed.size) entries")
            }
        }
        if minimumIndex > 0 {
            lines.append(
                "pruned      entries before \(minimumIndex): that they are in the tree is known, not what they say")
        }
        if !extended.isEmpty {
            let sizes = extended.count == 1 ? "\(extended[0])" : "\(extended.min()!) to \(extended.max()!)"
            lines.append(
                "extends     \(extended.count) older checkpoint\(extended.count == 1 ? "" : "s"), of \(sizes) entries")
        }
        if !unprovable.isEmpty {
            lines.append("unknown     \(unprovable.count) older checkpoints lie before what was pruned")
        }
        // A log that grows leaves them behind, and every longer tile has what they had.
        let others = leftovers.filter { !$0.hasPrefix("tile/") || !$0.contains(".p/") }
        let partial = leftovers.count - others.count
        if partial > 0 {
            lines.append(
                "left over   \(partial) shorter tile\(partial == 1 ? "" : "s") of earlier checkpoints; not part of this "
                    + "one, and not read")
        }
        for file in others.prefix(20) { lines.append("left over   \(file): not part of the ledger, and not read") }
        if others.count > 20 { lines.append("left over   … and \(others.count - 20) more") }
        for caveat in caveats { lines.append("note        \(caveat)") }
        return lines.joined(separator: "\n")
    }
}
