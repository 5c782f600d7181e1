/// Whose word puts a model into service: any two or more of these keys, each
/// in other hands.
package struct CustodyKeys: Sendable, Hashable {
    /// Nobody puts a model into service alone.
    package static let least = 2

    package let keys: [ECPublicKey]
    package let threshold: Int

    /// - Parameter threshold: how many must sign.
    /// - Throws: ``SigningProblem`` where a key is given twice (in two files
    ///   it would look like two people), or where fewer than two could do.
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
