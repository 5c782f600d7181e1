/// The counts of requests and attempts, by the hour.
package protocol CountStore: Sendable {
    /// Adds to the kept counts, all or nothing.
    ///
    /// - Parameter add: returns the sum of the kept counts of a place, nil
    ///   where there are none, and of what is added at that index.
    func addCounts(
        _ places: [CountPlace], add: @escaping @Sendable (_ kept: [UInt8]?, _ index: Int) -> [UInt8]
    ) async throws(StorageError)
    /// The counts of these hours, in the order of their hours.
    func counts(_ hours: Range<Int>) async throws(StorageError) -> [StoredCounts]
    /// Forgets the counts of earlier hours.
    func removeCounts(before hour: Int) async throws(StorageError)
}

/// A subject in an hour, counted since 1970.
package struct CountPlace: Sendable, Hashable {
    package var hour: Int
    package var subject: String

    package init(hour: Int, subject: String) {
        self.hour = hour
        self.subject = subject
    }
}

/// The counts of one subject in one hour, packed.
package struct StoredCounts: Sendable, Hashable {
    /// Hours since 1970.
    package var hour: Int
    package var subject: String
    package var counts: [UInt8]

    package init(hour: Int, subject: String, counts: [UInt8]) {
        self.hour = hour
        self.subject = subject
        self.counts = counts
    }
}
