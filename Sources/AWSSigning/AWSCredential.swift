/// A credential of an AWS account: the pair of a key id and a secret, with a
/// session token where it is temporary.
package struct AWSCredential: Sendable, Hashable {
    package var keyID: String
    package var secret: String
    /// Nil for a credential that doesn't end.
    package var sessionToken: String?
    /// The end of its life, in seconds since 1970; nil where it has none.
    package var expires: Int64?

    package init(keyID: String, secret: String, sessionToken: String? = nil, expires: Int64? = nil) {
        self.keyID = keyID
        self.secret = secret
        self.sessionToken = sessionToken
        self.expires = expires
    }
}
