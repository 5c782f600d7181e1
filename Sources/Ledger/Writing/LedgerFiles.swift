/// The folder that a ledger is written to. Nothing is durable before it is synced: a file's bytes by ``sync(_:)``, its
/// name by ``syncFolder(_:)`` of the folder that contains it.
///
/// Paths are relative, with `/`. Files below `journal` and `scratch` are not public.
package protocol LedgerFiles: LedgerReader {
    /// Makes the file anew, with its folders where they are missing.
    func write(_ path: String, _ bytes: [UInt8]) throws(LedgerProblem)
    /// Puts bytes into a file, which is made where it is missing: over what
    /// stands from `offset` on, and behind it. The rest stays.
    /// - Parameter offset: at most the file's length.
    func write(_ path: String, _ bytes: [UInt8], at offset: Int) throws(LedgerProblem)
    func sync(_ path: String) throws(LedgerProblem)
    /// The empty path is the ledger's own folder.
    func syncFolder(_ path: String) throws(LedgerProblem)
    /// Replaces what stands there, in one step.
    func rename(_ path: String, to other: String) throws(LedgerProblem)
    /// No error where it is missing.
    func remove(_ path: String) throws(LedgerProblem)
    /// The names in a folder; none where it is missing.
    func names(in folder: String) throws(LedgerProblem) -> [String]
}

extension LedgerFiles {
    /// Replaces a file, whole or not at all. That it was replaced is durable
    /// once its folder is synced.
    /// - Parameter way: a path of the caller's own, that holds nothing.
    func replace(_ path: String, _ bytes: [UInt8], by way: String) throws(LedgerProblem) {
        try write(way, bytes)
        try sync(way)
        try rename(way, to: path)
    }
}
