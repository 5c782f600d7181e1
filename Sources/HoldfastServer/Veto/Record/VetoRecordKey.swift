import Crypto
import Encodings
import FoundationEssentials

/// The key with which a server seals the entries of its own record.
///
/// Facts of the server's own have no signature of people: that nobody ratified
/// in time, that a gate has passed. By the seal (HMAC-SHA256, RFC 2104) it
/// knows those that it has written, so that an entry that somebody else puts
/// into a source counts for nothing.
package struct VetoRecordKey: Sendable {
    private let seals: SymmetricKey
    private let names: SymmetricKey

    /// - Parameter secret: 32 bytes.
    package init(secret: [UInt8]) {
        func derived(_ use: String) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: secret), info: Data("holdfast veto \(use)".utf8),
                outputByteCount: 32)
        }
        seals = derived("record entries")
        names = derived("installation")
    }

    /// Returns the seal of an entry, in hexadecimal digits.
    func seal(_ entry: [UInt8]) -> String {
        Hex.encode(HMAC<SHA256>.authenticationCode(for: Data(entry), using: seals))
    }

    func isSeal(_ seal: String, of entry: [UInt8]) -> Bool {
        guard let code = Hex.decode(seal) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(Data(code), authenticating: Data(entry), using: seals)
    }

    /// The name of this installation in what people sign, where there is no log
    /// whose key could name it: 64 hexadecimal digits that tell nothing of the
    /// secret.
    package var installation: String {
        Hex.encode(HMAC<SHA256>.authenticationCode(for: Data(), using: names))
    }
}
