import Encodings
package import Crypto

/// The kind of statement that a key signs (C2SP signed-note, "Signature types").
package enum SignatureKind: UInt8, Sendable {
    /// A note's text.
    case note = 0x01
    /// A checkpoint, with the time (C2SP tlog-cosignature).
    case cosignature = 0x04
}

/// A public key by the name that signatures carry: a *vkey* of C2SP
/// signed-note. Ed25519 only.
package struct VerifierKey: Sendable, Hashable {
    package let name: String
    package let id: UInt32
    package let kind: SignatureKind
    package let publicKey: [UInt8]

    /// - Returns: nil where the name can't be one.
    package init?(name: String, kind: SignatureKind, publicKey: [UInt8]) {
        guard Self.isName(name), publicKey.count == 32 else { return nil }
        self.name = name
        self.kind = kind
        self.publicKey = publicKey
        id = Self.id(name, kind, publicKey)
    }

    /// `<name>+<hex id>+<base64>`.
    /// - Returns: nil where it is spelt otherwise, its id is another's, or its
    ///   kind is unknown.
    package init?(_ vkey: some StringProtocol) {
        // Base 64 has a plus, too.
        let parts = vkey.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let bytes = Base64.decode(parts[2]), bytes.count == 33,
            let kind = SignatureKind(rawValue: bytes[0]),
            let key = VerifierKey(name: String(parts[0]), kind: kind, publicKey: Array(bytes[1...])),
            key.vkey == vkey
        else { return nil }
        self = key
    }

    package var vkey: String {
        let hex = String(id, radix: 16)
        let key = Base64.encode([kind.rawValue] + publicKey)
        return "\(name)+\(String(repeating: "0", count: 8 - hex.count))\(hex)+\(key)"
    }

    static func isName(_ name: String) -> Bool {
        !name.isEmpty
            && !name.unicodeScalars.contains { $0 == "+" || $0.properties.isWhitespace || $0.value < 0x20 }
    }

    private static func id(_ name: String, _ kind: SignatureKind, _ publicKey: [UInt8]) -> UInt32 {
        let digest = Array(SHA256.hash(data: Array(name.utf8) + [0x0A, kind.rawValue] + publicKey))
        return digest[..<4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    func isValid(_ signature: some Collection<UInt8>, of message: [UInt8]) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else { return false }
        return key.isValidSignature(Array(signature), for: message)
    }
}

/// A private key by its name.
package struct SignerKey: Sendable {
    package let verifier: VerifierKey
    private let key: Curve25519.Signing.PrivateKey

    /// A new one.
    /// - Returns: nil where the name can't be one.
    package init?(name: String, kind: SignatureKind = .note) {
        self.init(name: name, kind: kind, .init())
    }

    private init?(name: String, kind: SignatureKind, _ key: Curve25519.Signing.PrivateKey) {
        guard let verifier = VerifierKey(name: name, kind: kind, publicKey: Array(key.publicKey.rawRepresentation))
        else { return nil }
        self.verifier = verifier
        self.key = key
    }

    /// `PRIVATE+KEY+<name>+<hex id>+<base64>`, as Go's
    /// golang.org/x/mod/sumdb/note writes it.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "+", maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0] == "PRIVATE", parts[1] == "KEY", let bytes = Base64.decode(parts[4]),
            bytes.count == 33, let kind = SignatureKind(rawValue: bytes[0]),
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes[1...])
        else { return nil }
        self.init(name: String(parts[2]), kind: kind, key)
        guard text == self.text else { return nil }
    }

    /// The key itself: for its file and nowhere else.
    package var text: String {
        let hex = String(verifier.id, radix: 16)
        let bytes = [verifier.kind.rawValue] + Array(key.rawRepresentation)
        return "PRIVATE+KEY+\(verifier.name)+\(String(repeating: "0", count: 8 - hex.count))\(hex)+"
            + Base64.encode(bytes)
    }

    /// A signature line's bytes after the key id.
    /// - Parameter time: seconds since 1970, for a cosignature.
    func sign(_ text: String, time: UInt64) throws(LedgerProblem) -> [UInt8] {
        switch verifier.kind {
        case .note: return try signature(Array(text.utf8))
        case .cosignature:
            return withUnsafeBytes(of: time.bigEndian) { Array($0) }
                + (try signature(Cosignature.message(text, time: time)))
        }
    }

    private func signature(_ message: [UInt8]) throws(LedgerProblem) -> [UInt8] {
        do {
            return Array(try key.signature(for: message))
        } catch {
            throw LedgerProblem("\(verifier.name) can't sign: \(error)")
        }
    }
}

/// A witness's signature, with the time at which it saw the checkpoint (C2SP
/// tlog-cosignature).
package enum Cosignature {
    static func message(_ text: String, time: UInt64) -> [UInt8] { Array("cosignature/v1\ntime \(time)\n\(text)".utf8) }
}
