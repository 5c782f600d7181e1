/// The record of suspensions: what people have signed and what the server has
/// found, in the order in which it took note of them. Nothing of it is ever
/// changed or removed.
package protocol VetoMemory: Sendable {
    /// All entries, by position and digest.
    func vetoEntries() async throws(StorageError) -> [StoredVetoEntry]
    /// Adds entries, all or none; one that is there stays as it is.
    func addVetoEntries(_ entries: [StoredVetoEntry]) async throws(StorageError)
    /// - Parameter origin: a ledger's name.
    /// - Returns: nil where that ledger was never read.
    func vetoMark(_ origin: String) async throws(StorageError) -> StoredVetoMark?
    func saveVetoMark(_ origin: String, _ mark: StoredVetoMark) async throws(StorageError)
}

/// An entry of the record.
package struct StoredVetoEntry: Sendable, Hashable {
    /// Counts them from 1; two may have the same, where a source was lost for a
    /// while and came back.
    package var position: Int
    /// SHA-256 of ``body``, in hexadecimal digits.
    package var digest: String
    /// As the spool and the ledger hold it, too.
    package var body: [UInt8]

    package init(position: Int, digest: String, body: [UInt8]) {
        self.position = position
        self.digest = digest
        self.body = body
    }
}

/// The part of a ledger that holds what the storage holds: all entries of the
/// record that are in it are in the storage, and those of the storage up to a
/// position are in it.
package struct StoredVetoMark: Sendable, Hashable {
    /// The ledger's entries that were read.
    package var size: UInt64
    /// The entries of the record that the storage had then: with fewer, it
    /// isn't the storage that it was, and the mark says nothing.
    package var count: Int
    /// The greatest position of those entries.
    package var position: Int

    package init(size: UInt64, count: Int, position: Int) {
        self.size = size
        self.count = count
        self.position = position
    }
}
