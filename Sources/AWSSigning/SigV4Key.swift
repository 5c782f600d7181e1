import Crypto
import Encodings

/// The key of one scope, derived from a secret.
///
/// Four HMACs: code that signs often keeps it for its day.
package struct SigV4Key: Sendable {
    package let scope: SigV4Scope
    private let key: SymmetricKey

    package init(secret: String, scope: SigV4Scope) {
        self.scope = scope
        var key = SymmetricKey(data: Array("AWS4\(secret)".utf8))
        for part in [scope.date, scope.region, scope.service, SigV4Scope.end] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key))
        }
        self.key = key
    }

    /// The signature in small hexadecimal digits.
    package func signature(of request: CanonicalRequest, _ payload: SigV4Payload, at time: SigV4Time) -> String {
        let text = request.stringToSign(payload, time: time, scope: scope)
        return Hex.encode(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key))
    }

    /// Compares a signature in a time that doesn't depend on it.
    package func isValid(
        _ signature: [UInt8], of request: CanonicalRequest, _ payload: SigV4Payload, at time: SigV4Time
    ) -> Bool {
        let text = request.stringToSign(payload, time: time, scope: scope)
        return HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: Array(text.utf8), using: key)
    }
}
