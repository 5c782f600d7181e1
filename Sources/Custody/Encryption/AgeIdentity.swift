import Crypto

/// A private key of age's: X25519, as `age-keygen` makes it.
struct AgeIdentity: Sendable {
    fileprivate let key: Curve25519.KeyAgreement.PrivateKey

    /// - Parameter text: `AGE-SECRET-KEY-1…`
    init?(_ text: some StringProtocol) {
        guard let bytes = Bech32.decode(String(text), prefix: "age-secret-key-"), bytes.count == 32,
            let key = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: bytes)
        else { return nil }
        self.key = key
    }

    /// Those of a key file: one a line, `#` begins a remark.
    ///
    /// - Throws: without repeating anything of the text.
    static func all(in text: String, from source: String) throws(CustodyProblem) -> [AgeIdentity] {
        var identities: [AgeIdentity] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmed
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            guard let identity = AgeIdentity(line) else {
                throw CustodyProblem(
                    .encryption, "line \(index + 1) of \(source) is no age key",
                    remedy: "give a file that age-keygen made (AGE-SECRET-KEY-1…)")
            }
            identities.append(identity)
        }
        guard !identities.isEmpty else {
            throw CustodyProblem(
                .encryption, "\(source) holds no age key", remedy: "give a file that age-keygen made")
        }
        return identities
    }

    /// The file's key, where the stanza was made for this identity.
    ///
    /// C2SP age, "The X25519 recipient type": the wrapping key is HKDF of the
    /// shared secret, salted with both public keys.
    func unwrap(_ stanza: AgeHeader.Stanza) -> SymmetricKey? {
        guard let share = stanza.share, stanza.body.count == 32,
            let ephemeral = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: share),
            // Refuses points of low order.
            let secret = try? key.sharedSecretFromKeyAgreement(with: ephemeral)
        else { return nil }
        let wrapping = secret.hkdfDerivedSymmetricKey(
            using: SHA256.self, salt: share + Array(key.publicKey.rawRepresentation),
            sharedInfo: Array("age-encryption.org/v1/X25519".utf8), outputByteCount: 32)
        guard
            let box = try? ChaChaPoly.SealedBox(
                nonce: ChaChaPoly.Nonce(data: [UInt8](repeating: 0, count: 12)), ciphertext: stanza.body.prefix(16),
                tag: stanza.body.suffix(16)),
            let fileKey = try? ChaChaPoly.open(box, using: wrapping), fileKey.count == 16
        else { return nil }
        return SymmetricKey(data: fileKey)
    }
}

extension StringProtocol {
    /// Without spaces, tabs and carriage returns at its ends.
    var trimmed: String {
        func isSpace(_ character: Character) -> Bool { character == " " || character == "\t" || character == "\r" }
        let start = drop(while: isSpace)
        return String(start.reversed().drop(while: isSpace).reversed())
    }
}
