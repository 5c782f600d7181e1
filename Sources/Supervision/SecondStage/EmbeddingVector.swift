/// A window's vector as the heads read it: whole numbers, so that no head's
/// sum depends on the order in which it is computed.
package struct EmbeddingVector: Sendable, Hashable {
    /// The length of the model's vectors.
    package static let count = 384
    /// One, in whole numbers. The model's vectors have the length one.
    package static let scale = 2048.0

    package let values: [Int32]

    /// - Returns: Nil for anything but 384 finite numbers from -1 to 1, which
    ///   no vector of this model exceeds.
    package init?(_ numbers: some Collection<Double>) {
        guard numbers.count == Self.count else { return nil }
        var values: [Int32] = []
        values.reserveCapacity(Self.count)
        for number in numbers {
            guard number.isFinite, abs(number) <= 1.01 else { return nil }
            values.append(Int32((number * Self.scale).rounded()))
        }
        // A vector of zeros says nothing: a model that is broken makes them.
        guard values.contains(where: { $0 != 0 }) else { return nil }
        self.values = values
    }
}
