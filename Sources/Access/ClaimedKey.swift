/// The result of looking for the key that a signed request names.
package enum SigningClaim: Sendable {
    /// A key that counts. The request has still to prove that it has its secret.
    case claimed(ClaimedKey)
    /// No such key.
    case unknown
    /// The key was valid until this time.
    case expired(UnixTime)
    /// The key was valid until its owner revoked it.
    case revoked
    /// The version of the server's key that its secret is made from is missing.
    case unready(version: Int)
}

/// A key that a signed request names, before its signature is checked.
///
/// The principal is given out by ``proven(by:)`` alone.
package struct ClaimedKey: Sendable {
    private let principal: Principal
    private let secret: String

    init(_ principal: Principal, secret: String) {
        self.principal = principal
        self.secret = secret
    }

    /// The key's id, for logs and for budgets.
    package var id: String { principal.id }

    /// Returns the caller if a signature is of the key's secret.
    /// - Parameter check: Gets the secret, and compares in constant time.
    package func proven(by check: (_ secret: String) -> Bool) -> Principal? { check(secret) ? principal : nil }
}
