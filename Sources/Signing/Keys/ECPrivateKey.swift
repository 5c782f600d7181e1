import Crypto

/// A private key on P-256, P-384 or P-521. It is never shown but by ``pem``,
/// which is for its file.
package struct ECPrivateKey: Sendable {
    private enum Curve: Sendable {
        case p256(P256.Signing.PrivateKey)
        case p384(P384.Signing.PrivateKey)
        case p521(P521.Signing.PrivateKey)
    }

    private let curve: Curve
    package let publicKey: ECPublicKey

    /// A new one, on P-256.
    package init() { self.init(.p256(P256.Signing.PrivateKey())) }

    /// A new one, on P-384.
    package static func p384() -> ECPrivateKey { ECPrivateKey(.p384(P384.Signing.PrivateKey())) }

    private init(_ curve: Curve) {
        self.curve = curve
        publicKey =
            switch curve {
            case .p256(let key): ECPublicKey(key.publicKey)
            case .p384(let key): ECPublicKey(key.publicKey)
            case .p521(let key): ECPublicKey(key.publicKey)
            }
    }

    /// PKCS #8 or SEC 1, with or without OpenSSL's `EC PARAMETERS` before it.
    package init(pem text: String) throws(SigningProblem) {
        let blocks = try PEM.blocks(text, "the private key").filter { $0.type != "EC PARAMETERS" }
        guard blocks.count == 1 else {
            throw SigningProblem(
                .malformed, "the private key's file holds \(PEM.list(blocks)) instead of one key",
                remedy: "give a file with the key alone")
        }
        if blocks[0].type == "ENCRYPTED PRIVATE KEY" {
            throw .unsupported(
                "the private key is encrypted", remedy: "decrypt it into a pipe: --private-key <(openssl pkey -in KEY)")
        }
        guard blocks[0].type == "PRIVATE KEY" || blocks[0].type == "EC PRIVATE KEY" else {
            throw SigningProblem(
                .malformed, "the private key's file holds \(PEM.list(blocks))", remedy: "give the file of a private key"
            )
        }
        let der = blocks[0].bytes
        if let key = try? P256.Signing.PrivateKey(derRepresentation: der) {
            self.init(.p256(key))
        } else if let key = try? P384.Signing.PrivateKey(derRepresentation: der) {
            self.init(.p384(key))
        } else if let key = try? P521.Signing.PrivateKey(derRepresentation: der) {
            self.init(.p521(key))
        } else {
            throw .unsupported(
                "the private key is on none of P-256, P-384 and P-521", remedy: "use a key on one of them")
        }
    }

    /// The key itself (PKCS #8): for its file and nowhere else.
    package var pem: String {
        switch curve {
        case .p256(let key): key.pemRepresentation + "\n"
        case .p384(let key): key.pemRepresentation + "\n"
        case .p521(let key): key.pemRepresentation + "\n"
        }
    }

    package func signature(for message: [UInt8]) throws(SigningProblem) -> [UInt8] {
        do {
            return switch curve {
            case .p256(let key): Array(try key.signature(for: message).derRepresentation)
            case .p384(let key): Array(try key.signature(for: message).derRepresentation)
            case .p521(let key): Array(try key.signature(for: message).derRepresentation)
            }
        } catch {
            throw SigningProblem(.unreadable, "the key can't sign: \(error)", remedy: "use another")
        }
    }
}
