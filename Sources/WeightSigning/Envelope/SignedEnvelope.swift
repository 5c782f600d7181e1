import Encodings
import Wire

/// A DSSE envelope (Dead Simple Signing Envelope 1.0) whose signatures are not verified yet, and which therefore
/// doesn't give access to its payload.
package struct SignedEnvelope: Sendable {
    struct Signature: Sendable, Hashable {
        /// The key that the signature claims to be made with; empty if it claims none.
        var keyID: String
        var bytes: [UInt8]
    }

    /// in-toto statements are all that is taken.
    static let payloadType = "application/vnd.in-toto+json"
    /// More than anybody needs, and few enough to be tried all.
    static let mostSignatures = 16

    let signatures: [Signature]
    private let payload: [UInt8]

    init(_ object: StrictObject) throws(SigningProblem) {
        try object.must("payloadType", be: Self.payloadType)
        payload = try object.base64("payload")
        var signatures: [Signature] = []
        for element in try object.elements("signatures") {
            let member = try StrictObject(element, "\(object.what)'s signature", members: ["sig", "keyid"])
            var keyID = ""
            if let given = member.optional("keyid"), !given.isNull {
                guard let text = given.string else { throw .malformed("\(member.what)'s `keyid` is no string") }
                keyID = text
            }
            signatures.append(Signature(keyID: keyID, bytes: try member.base64("sig")))
        }
        guard (1...Self.mostSignatures).contains(signatures.count) else {
            throw .malformed("\(object.what) has \(signatures.count) signatures")
        }
        self.signatures = signatures
    }

    /// Signs a payload with every key.
    package init(signing payload: [UInt8], with keys: [ECPrivateKey]) throws(SigningProblem) {
        self.payload = payload
        var signatures: [Signature] = []
        for key in keys {
            let bytes = try key.signature(for: Self.preAuthEncoding(payload))
            signatures.append(Signature(keyID: key.publicKey.hint, bytes: bytes))
        }
        self.signatures = signatures
    }

    /// DSSE's PAE: what is signed instead of the payload, so that its type is
    /// signed, too.
    private static func preAuthEncoding(_ payload: [UInt8]) -> [UInt8] {
        Array("DSSEv1 \(payloadType.utf8.count) \(payloadType) \(payload.count) ".utf8) + payload
    }

    /// One signature, by this key.
    package func verified(by key: ECPublicKey) throws(SigningProblem) -> VerifiedPayload {
        guard signatures.count == 1 else {
            throw .malformed("\(signatures.count) signatures are there where one belongs")
        }
        guard key.isValid(signatures[0].bytes, of: Self.preAuthEncoding(payload)) else {
            throw .untrusted("the signature doesn't hold: the key is another, or what it signed was changed")
        }
        return VerifiedPayload(payload, by: [key])
    }

    /// Returns the payload if every signature is of one of these keys, and each is of a different key: a signature that
    /// can't be checked is refused, and a second signature with the same key doesn't count as a second person's.
    func verified(by keys: CustodyKeys) throws(SigningProblem) -> VerifiedPayload {
        var signers: [ECPublicKey] = []
        for signature in signatures {
            guard let key = keys.keys.first(where: { $0.hint == signature.keyID }) else {
                throw .untrusted("it is signed by a key that is not among yours, \(Printable.quoted(signature.keyID))")
            }
            guard !signers.contains(key) else { throw .untrusted("it is signed twice with one key, \(key.hint)") }
            guard key.isValid(signature.bytes, of: Self.preAuthEncoding(payload)) else {
                throw .untrusted("the signature of \(key.hint) doesn't hold")
            }
            signers.append(key)
        }
        guard signers.count >= keys.threshold else {
            throw .untrusted("it is signed with \(signers.count) of the \(keys.threshold) keys that are needed")
        }
        return VerifiedPayload(payload, by: signers)
    }

    /// The same payload with the signatures of both.
    func joined(with other: SignedEnvelope) throws(SigningProblem) -> SignedEnvelope {
        guard payload == other.payload else {
            throw .mismatch(
                "what is signed there is not the same", remedy: "agree on the terms, and sign them in a new file")
        }
        let added = other.signatures.filter { new in !signatures.contains { $0.keyID == new.keyID } }
        return SignedEnvelope(payload, signatures + added)
    }

    private init(_ payload: [UInt8], _ signatures: [Signature]) {
        (self.payload, self.signatures) = (payload, signatures)
    }

    func write(to json: inout JSONWriter, namesKeys: Bool) {
        json.object { json in
            json.member("payload", Base64.encode(payload))
            json.member("payloadType", Self.payloadType)
            json.array("signatures") { json in
                for signature in signatures {
                    json.object { json in
                        json.member("sig", Base64.encode(signature.bytes))
                        json.member("keyid", namesKeys ? signature.keyID : "")
                    }
                }
            }
        }
    }
}

/// The signed bytes and their signers. A value exists only for an envelope whose signatures are valid: only the code
/// above creates it, and there is no other way to read an envelope's bytes.
package struct VerifiedPayload: Sendable, Hashable {
    package let bytes: [UInt8]
    /// Each another.
    package let signers: [ECPublicKey]

    fileprivate init(_ bytes: [UInt8], by signers: [ECPublicKey]) {
        self.bytes = bytes
        self.signers = signers
    }
}
