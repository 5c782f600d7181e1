import Crypto
import FoundationEssentials

/// The seal under which the ledger keeps the veto's record: texts, evidence
/// and signatures are for the operator, and a ledger is public.
///
/// AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits; the key is
/// derived from a secret beside the ledger's own key.
package struct VetoSeal: Sendable {
    private let key: SymmetricKey

    /// - Parameter secret: 32 bytes.
    package init(secret: [UInt8]) {
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret), info: Data("holdfast veto record".utf8), outputByteCount: 32)
    }

    /// - Returns: nonce, sealed bytes and tag, one behind the other.
    package func seal(_ bytes: [UInt8]) -> [UInt8] {
        // Fails only for nonces of another size, and this one makes its own.
        guard let box = try? AES.GCM.seal(bytes, using: key), let combined = box.combined else { return [] }
        return Array(combined)
    }

    /// - Returns: nil where it was sealed with another secret, or is damaged.
    package func open(_ sealed: [UInt8]) -> [UInt8]? {
        guard let box = try? AES.GCM.SealedBox(combined: sealed) else { return nil }
        return (try? AES.GCM.open(box, using: key)).map { Array($0) }
    }
}
