/// The newest checkpoint of each ledger, with which its folder is compared at
/// start.
package protocol LedgerHeads: Sendable {
    /// - Parameter origin: the ledger's name.
    func ledgerHead(_ origin: String) async throws(StorageError) -> StoredLedgerHead?
    func saveLedgerHead(_ origin: String, _ head: StoredLedgerHead) async throws(StorageError)
}

/// A checkpoint, as it is signed.
package struct StoredLedgerHead: Sendable, Hashable {
    package var text: String
    /// The time of signing, in seconds since 1970.
    package var time: UInt64

    package init(text: String, time: UInt64) {
        self.text = text
        self.time = time
    }
}
