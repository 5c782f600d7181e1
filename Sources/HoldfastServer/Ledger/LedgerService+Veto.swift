import Files
package import Ledger
import LedgerDisk

/// The ledger as one of the sources of the veto's record.
package protocol VetoLedger: Sendable {
    /// The log's name.
    var origin: String { get }
    /// The entries that are published.
    var publishedSize: UInt64 { get }

    /// Reads the record's entries, as they are published. What was pruned is
    /// passed over. Blocks.
    /// - Parameter start: the first entry of the ledger that is read.
    func readVetoRecord(from start: UInt64) throws(LedgerProblem) -> VetoRecordReading
    /// Adds an entry of the record. Never blocks.
    /// - Parameter then: called once it is durable, or never.
    func addVetoRecord(position: Int, _ body: [UInt8], then: @escaping @Sendable () -> Void)
}

extension LedgerService: VetoLedger {
    package var origin: String { key.name }

    package var publishedSize: UInt64 { (try? Checkpoint(text: sequencer.published.text).size) ?? 0 }

    package func readVetoRecord(from start: UInt64) throws(LedgerProblem) -> VetoRecordReading {
        try VetoRecordReading(
            LedgerFolder(publicPath, links: .refused), size: publishedSize, from: start, seal: seal)
    }

    package func addVetoRecord(position: Int, _ body: [UInt8], then: @escaping @Sendable () -> Void) {
        let entry = LedgerEntry.vetoRecord(position: position, sealed: seal.seal(body), at: now)
        entry.bytes.withUnsafeBytes { bytes in
            sequencer.append(bytes) { result in if case .success = result { then() } }
        }
    }
}
