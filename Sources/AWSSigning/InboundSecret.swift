import Crypto
import Encodings

/// The secrets that callers sign with: derived from a key of the server, so
/// that no file holds one of them.
package enum InboundSecret {
    /// Says what a secret is for, and which way of deriving it this is.
    private static let label = "holdfast/sigv4/v1/"
    /// 240 bits: 40 letters, the length of the secrets that AWS makes.
    private static let length = 30

    /// - Parameters:
    ///   - serverKey: at least 32 random bytes.
    ///   - salt: of the key's record, random.
    ///   - id: of the key, which never names another one.
    package static func derive(serverKey: [UInt8], salt: [UInt8], id: String) -> String {
        let key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: serverKey), salt: salt, info: Array((label + id).utf8),
            outputByteCount: length)
        return key.withUnsafeBytes { Base64.encode($0) }
    }
}
