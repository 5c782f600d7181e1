/// The secrets that Holdfast has made for itself.
package protocol SecretMemory: Sendable {
    /// The secret of a name, which is the one that was kept first.
    /// - Parameter made: kept where there is none yet.
    func secret(named name: String, orKeep made: [UInt8]) async throws(StorageError) -> [UInt8]
}
