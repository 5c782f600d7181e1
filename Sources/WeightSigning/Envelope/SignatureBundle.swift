import Encodings
import NIOCore
package import Signing
import Wire

/// A detached signature of a model: a Sigstore bundle 0.3 as OpenSSF Model
/// Signing 1.0 uses it (§4), with a key or with certificates. Nothing in it is
/// believed before ``verified(by:at:)``.
package struct SignatureBundle: Sendable {
    static let mediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"
    /// The most bytes of a bundle's file; a manifest of some hundred thousand files is smaller.
    package static let mostBytes = 64 << 20

    enum Material: Sendable {
        /// - Parameter hint: the key that the bundle names; nil in bundles from before 1.1 of the reference
        ///   implementation.
        case key(hint: String?)
        /// DER, the signer's first.
        case certificates([[UInt8]])
    }

    let material: Material
    let envelope: SignedEnvelope

    /// - Throws: ``SigningProblem`` for anything that is not such a bundle
    ///   and nothing else besides.
    package init(_ bytes: [UInt8]) throws(SigningProblem) {
        guard bytes.count <= Self.mostBytes else {
            throw .malformed("the bundle is larger than \(Self.mostBytes) bytes")
        }
        let bundle = try StrictObject(
            bytes, "the bundle", members: ["mediaType", "verificationMaterial", "dsseEnvelope"])
        try bundle.must("mediaType", be: Self.mediaType)
        material = try Self.material(
            try bundle.object(
                "verificationMaterial",
                members: [
                    "publicKey", "x509CertificateChain", "certificate", "tlogEntries", "timestampVerificationData",
                ]))
        envelope = try SignedEnvelope(
            try bundle.object("dsseEnvelope", members: ["payload", "payloadType", "signatures"]))
        guard envelope.signatures.count == 1, envelope.signatures[0].keyID.isEmpty else {
            throw .malformed("the bundle doesn't have exactly one signature with an empty `keyid`")
        }
    }

    private static func material(_ object: StrictObject) throws(SigningProblem) -> Material {
        // Entries of a log and timestamps belong to keyless signatures; they
        // are not checked, so they must not lend the bundle their looks.
        if let entries = object.optional("tlogEntries"),
            entries.kind != .array || entries.elements.makeIterator().isMore
        {
            throw .unsupported("the bundle has entries of a transparency log", remedy: Self.keyless)
        }
        if let stamps = object.optional("timestampVerificationData"),
            !stamps.isNull, stamps.kind != .object || stamps.members.makeIterator().isMore
        {
            throw .unsupported("the bundle has timestamps", remedy: Self.keyless)
        }
        guard object.optional("certificate") == nil else {
            throw .unsupported("the bundle is signed with a short-lived Sigstore certificate", remedy: Self.keyless)
        }
        switch (object.optional("publicKey"), object.optional("x509CertificateChain")) {
        case (let key?, nil):
            let key = try StrictObject(key, "the bundle's `publicKey`", members: ["hint", "rawBytes", "keyDetails"])
            guard key.optional("hint") != nil else { return .key(hint: nil) }
            return .key(hint: try key.string("hint"))
        case (nil, let chain?):
            let chain = try StrictObject(chain, "the bundle's `x509CertificateChain`", members: ["certificates"])
            var certificates: [[UInt8]] = []
            for element in try chain.elements("certificates") {
                certificates.append(
                    try StrictObject(element, "a certificate of the bundle", members: ["rawBytes"]).base64("rawBytes"))
            }
            guard (1...CertificateRoots.mostCertificates).contains(certificates.count) else {
                throw .malformed("the bundle has \(certificates.count) certificates")
            }
            return .certificates(certificates)
        default: throw .malformed("the bundle must have either `publicKey` or `x509CertificateChain`")
        }
    }

    private static let keyless = "have the model signed with a key or with certificates of your own"

    // MARK: Verifying

    /// - Parameter now: seconds since 1970; certificates must be valid then.
    package func verified(by trust: ModelTrust, at now: Int64) async throws(SigningProblem) -> VerifiedPayload {
        switch (material, trust) {
        case (.key(let hint?), .keys(let keys)):
            guard let key = keys.first(where: { $0.hint == hint }) else {
                throw .untrusted(
                    "the bundle is signed with another key, \(Printable.quoted(hint))",
                    remedy: "give the public key whose PEM text has this SHA-256, if you believe its owner")
            }
            return try envelope.verified(by: key)
        case (.key(nil), .keys(let keys)):
            for key in keys { if let payload = try? envelope.verified(by: key) { return payload } }
            throw .untrusted("the bundle is signed with none of your keys")
        case (.certificates(let certificates), .roots(let roots)):
            return try envelope.verified(by: try await roots.signer(certificates, at: now))
        case (.key, .roots):
            throw .untrusted("the bundle is signed with a key, not with certificates", remedy: "give --public-key")
        case (.certificates, .keys):
            throw .untrusted("the bundle is signed with certificates, not with a key", remedy: "give --root")
        }
    }

    // MARK: Writing

    /// Signs a statement with a key, or with the certificates of one.
    init(signing payload: [UInt8], with signer: ModelSigner) throws(SigningProblem) {
        envelope = try SignedEnvelope(signing: payload, with: [signer.key])
        material =
            signer.certificates.isEmpty ? .key(hint: signer.key.publicKey.hint) : .certificates(signer.certificates)
    }

    /// As it is written to a file.
    package var text: String {
        var json = JSONWriter()
        json.object { json in
            json.member("mediaType", Self.mediaType)
            json.object("verificationMaterial") { json in
                switch material {
                case .key(let hint): json.object("publicKey") { json in json.member("hint", ifPresent: hint) }
                case .certificates(let certificates):
                    json.object("x509CertificateChain") { json in
                        json.array("certificates") { json in
                            for bytes in certificates {
                                json.object { json in json.member("rawBytes", Base64.encode(bytes)) }
                            }
                        }
                    }
                }
                json.array("tlogEntries") { _ in }
            }
            json.key("dsseEnvelope")
            envelope.write(to: &json, namesKeys: false)
        }
        return String(buffer: json.buffer)
    }
}

/// The trusted signers of models. There is no default: the authorities that certify web servers have no say in which
/// models run here.
package enum ModelTrust: Sendable {
    case keys([ECPublicKey])
    case roots(CertificateRoots)
}

extension IteratorProtocol {
    /// True if there is another element.
    fileprivate var isMore: Bool {
        var copy = self
        return copy.next() != nil
    }
}
