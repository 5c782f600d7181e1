import Crypto
import FoundationEssentials

/// Writes age v1 files for an X25519 recipient, right or wrong on purpose.
struct AgeWriter {
    let recipient: Curve25519.KeyAgreement.PublicKey
    /// Changes the encrypted chunks, before they are joined.
    var spoil: ([[UInt8]]) -> [[UInt8]] = { $0 }
    /// More lines of the header, before the MAC.
    var extraStanza = ""
    var spoilsMAC = false

    init(recipient: Curve25519.KeyAgreement.PublicKey) { self.recipient = recipient }

    func encrypt(_ plain: [UInt8]) throws -> [UInt8] {
        let fileKey = SymmetricKey(size: .bits128)
        let ephemeral = Curve25519.KeyAgreement.PrivateKey()
        let share = Array(ephemeral.publicKey.rawRepresentation)
        let wrapping = try ephemeral.sharedSecretFromKeyAgreement(with: recipient).hkdfDerivedSymmetricKey(
            using: SHA256.self, salt: share + Array(recipient.rawRepresentation),
            sharedInfo: Array("age-encryption.org/v1/X25519".utf8), outputByteCount: 32)
        let body = try ChaChaPoly.seal(
            fileKey.withUnsafeBytes { Array($0) }, using: wrapping,
            nonce: ChaChaPoly.Nonce(data: [UInt8](repeating: 0, count: 12)))
        var header = "age-encryption.org/v1\n" + extraStanza + "-> X25519 \(base64(share))\n"
        header += base64(Array(body.ciphertext) + Array(body.tag)) + "\n---"
        let key = HKDF<SHA256>.deriveKey(inputKeyMaterial: fileKey, info: Array("header".utf8), outputByteCount: 32)
        var code = Array(HMAC<SHA256>.authenticationCode(for: Array(header.utf8), using: key))
        if spoilsMAC { code[0] ^= 1 }

        let nonce = (0..<16).map { _ in UInt8.random(in: 0...255) }
        let payload = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: fileKey, salt: nonce, info: Array("payload".utf8), outputByteCount: 32)
        var chunks: [[UInt8]] = []
        let size = 64 << 10
        let count = max(1, (plain.count + size - 1) / size)
        for number in 0..<count {
            let part = plain[min(plain.count, number * size)..<min(plain.count, (number + 1) * size)]
            let counter = (0..<11).reversed().map { UInt8(truncatingIfNeeded: $0 < 8 ? number >> ($0 * 8) : 0) }
            let box = try ChaChaPoly.seal(
                part, using: payload, nonce: ChaChaPoly.Nonce(data: counter + [number == count - 1 ? 1 : 0]))
            chunks.append(Array(box.ciphertext) + Array(box.tag))
        }
        return Array("\(header) \(base64(code))\n".utf8) + nonce + spoil(chunks).joined()
    }

    private func base64(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("=", with: "")
    }
}
