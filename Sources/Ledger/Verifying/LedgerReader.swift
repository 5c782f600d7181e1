/// Where a ledger's public files are read: a folder, a web server.
package protocol LedgerReader {
    /// - Returns: nil where there is no such file.
    /// - Throws: ``LedgerProblem`` where it can't be read.
    func read(_ path: String) throws(LedgerProblem) -> [UInt8]?
    /// The paths of all files; nil where they can't be listed.
    func list() throws(LedgerProblem) -> [String]?
}

/// The names of the files beside C2SP's tiles.
package enum LedgerPaths {
    package static let checkpoint = "checkpoint"
    /// Holdfast's own: one checkpoint an hour.
    package static let kept = "checkpoints"
    /// Holdfast's own: the first entry that has not been pruned.
    package static let minimumIndex = "minimum-index"

    /// Sorted as the sizes are.
    package static func kept(_ size: UInt64) -> String {
        let digits = String(size)
        return "\(kept)/\(String(repeating: "0", count: 20 - digits.count))\(digits)"
    }
}
