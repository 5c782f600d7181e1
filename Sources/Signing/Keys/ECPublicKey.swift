package import Crypto
import Encodings

/// A public key on one of the curves that models are signed with: P-256,
/// P-384, P-521. Signatures are ECDSA in DER, with SHA-256, SHA-384 or
/// SHA-512, after the curve.
package struct ECPublicKey: Sendable, Hashable {
    private enum Curve: Sendable {
        case p256(P256.Signing.PublicKey)
        case p384(P384.Signing.PublicKey)
        case p521(P521.Signing.PublicKey)
    }

    private let curve: Curve
    /// SubjectPublicKeyInfo; what two keys are compared by.
    private let der: [UInt8]
    /// As Python's `cryptography` and OpenSSL write it, with the line feed at
    /// its end.
    package let pem: String
    /// The SHA-256 of ``pem``: what bundles call a key (`publicKey.hint`).
    package let hint: String

    package init(_ key: P256.Signing.PublicKey) { self.init(.p256(key)) }
    package init(_ key: P384.Signing.PublicKey) { self.init(.p384(key)) }
    package init(_ key: P521.Signing.PublicKey) { self.init(.p521(key)) }

    private init(_ curve: Curve) {
        self.curve = curve
        let text: String
        switch curve {
        case .p256(let key): (der, text) = (Array(key.derRepresentation), key.pemRepresentation)
        case .p384(let key): (der, text) = (Array(key.derRepresentation), key.pemRepresentation)
        case .p521(let key): (der, text) = (Array(key.derRepresentation), key.pemRepresentation)
        }
        pem = text + "\n"
        hint = Hex.encode(SHA256.hash(data: Array(pem.utf8)))
    }

    /// - Throws: ``SigningProblem`` where the text is anything but one such
    ///   key.
    package init(pem text: String) throws(SigningProblem) {
        let blocks = try PEM.blocks(text, "the public key")
        guard blocks.count == 1, blocks[0].type == "PUBLIC KEY" else {
            throw SigningProblem(
                .malformed, "the public key's file holds \(PEM.list(blocks)) instead of one PUBLIC KEY",
                remedy: "make it with: openssl pkey -in KEY -pubout")
        }
        let der = blocks[0].bytes
        if let key = try? P256.Signing.PublicKey(derRepresentation: der) {
            self.init(.p256(key))
        } else if let key = try? P384.Signing.PublicKey(derRepresentation: der) {
            self.init(.p384(key))
        } else if let key = try? P521.Signing.PublicKey(derRepresentation: der) {
            self.init(.p521(key))
        } else {
            throw .unsupported(
                "the public key is on none of P-256, P-384 and P-521", remedy: "use a key on one of them")
        }
    }

    /// The name of the curve: `P-256`, `P-384`, `P-521`.
    package var curveName: String {
        switch curve {
        case .p256: "P-256"
        case .p384: "P-384"
        case .p521: "P-521"
        }
    }

    package static func == (one: ECPublicKey, other: ECPublicKey) -> Bool { one.der == other.der }
    package func hash(into hasher: inout Hasher) { hasher.combine(der) }

    /// - Parameter signature: DER, in its one spelling.
    package func isValid(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        switch curve {
        case .p256(let key):
            guard let parsed = try? P256.Signing.ECDSASignature(derRepresentation: signature) else { return false }
            return Array(parsed.derRepresentation) == signature && key.isValidSignature(parsed, for: message)
        case .p384(let key):
            guard let parsed = try? P384.Signing.ECDSASignature(derRepresentation: signature) else { return false }
            return Array(parsed.derRepresentation) == signature && key.isValidSignature(parsed, for: message)
        case .p521(let key):
            guard let parsed = try? P521.Signing.ECDSASignature(derRepresentation: signature) else { return false }
            return Array(parsed.derRepresentation) == signature && key.isValidSignature(parsed, for: message)
        }
    }
}
