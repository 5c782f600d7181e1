/// The memory of what hosted models have disclosed.
package protocol DisclosureMemory: Sendable {
    func learnt() async throws(StorageError) -> [StoredLearnt]
    /// Keeps them, all or nothing; a count of zero is forgotten.
    func save(_ learnt: [StoredLearnt]) async throws(StorageError)
    func egress() async throws(StorageError) -> [StoredEgress]
    /// Keeps them, all or nothing.
    func save(_ egress: [StoredEgress]) async throws(StorageError)
}

/// The number of values of a model's logits that a subject has received.
package struct StoredLearnt: Codable, Sendable, Hashable {
    package var subject, weights: String
    package var count: Int

    package init(subject: String, weights: String, count: Int) {
        self.subject = subject
        self.weights = weights
        self.count = count
    }
}

/// The bytes of answers that have left a model on its last day.
package struct StoredEgress: Codable, Sendable, Hashable {
    package var weights: String
    /// Days since 1970.
    package var day: Int
    package var bytes: Int

    package init(weights: String, day: Int, bytes: Int) {
        self.weights = weights
        self.day = day
        self.bytes = bytes
    }
}
