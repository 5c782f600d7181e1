/// The memory of custody: the newest statement of each model, and weights
/// that were found changed in memory.
package protocol CustodyMemory: Sendable {
    /// - Returns: nil where no statement was ever in force.
    func custodyEpoch(model: String, role: String) async throws(StorageError) -> StoredCustody?
    /// Keeps a statement in place of an older one.
    ///
    /// - Parameter time: seconds since 1970.
    /// - Returns: false where a newer statement, or another one of the same
    ///   epoch, was kept in the meantime; that one stays, and this one must
    ///   not be acted upon.
    func raiseCustodyEpoch(
        model: String, role: String, to next: StoredCustody, time: Int64
    ) async throws(StorageError) -> Bool
    /// The decisions by provider, without those that were forgotten.
    func scrubs() async throws(StorageError) -> [String: StoredScrub]
    /// Keeps a decision; nil forgets the one that is kept.
    func saveScrub(of provider: String, _ scrub: StoredScrub?) async throws(StorageError)
}

/// The newest custody statement that was in force for a model in a role.
package struct StoredCustody: Sendable, Hashable {
    package var epoch: Int64
    /// SHA-256 of the signed statement.
    package var statement: [UInt8]

    package init(epoch: Int64, statement: [UInt8]) { (self.epoch, self.statement) = (epoch, statement) }
}

/// The decision when a hosted model's weights were last found changed in
/// memory.
package struct StoredScrub: Sendable, Hashable {
    /// Seconds since 1970.
    package var time: Int64
    package var verdict: String

    package init(time: Int64, verdict: String) { (self.time, self.verdict) = (time, verdict) }
}
