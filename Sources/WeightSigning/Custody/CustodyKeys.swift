package import Signing

/// The keys of the custodians. A model may serve only if two or more of them sign a statement; each key belongs to a
/// different person.
package struct CustodyKeys: Sendable, Hashable {
    /// The least number of keys, so that no single person can put a model into service.
    package static let least = 2

    package let keys: [ECPublicKey]
    package let threshold: Int

    /// - Parameter threshold: the number of keys that must sign.
    /// - Throws: ``SigningProblem`` if a key is given twice (in two files it would look like two people), or if fewer
    ///   than two keys would be sufficient.
    package init(_ keys: [ECPublicKey], threshold: Int = CustodyKeys.least) throws(SigningProblem) {
        for (index, key) in keys.enumerated() where keys[..<index].contains(key) {
            throw SigningProblem(
                .untrusted, "the key \(key.hint) is given twice", remedy: "give each of your custodians' keys once")
        }
        guard threshold >= Self.least else {
            throw SigningProblem(
                .untrusted, "one signature would do", remedy: "ask for \(Self.least) or more: nobody acts alone")
        }
        guard (threshold...SignedEnvelope.mostSignatures).contains(keys.count) else {
            throw SigningProblem(
                .untrusted, "\(keys.count) keys are given where \(threshold) must sign",
                remedy: "give \(threshold) to \(SignedEnvelope.mostSignatures) custodians' public keys")
        }
        (self.keys, self.threshold) = (keys, threshold)
    }
}
