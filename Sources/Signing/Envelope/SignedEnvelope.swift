import Encodings
import NIOCore
package import Wire

/// A DSSE envelope (Dead Simple Signing Envelope 1.0) whose signatures are not verified yet, and which therefore
/// gives no access to its payload but ``unverified``, whose name says so.
package struct SignedEnvelope: Sendable {
    package struct Signature: Sendable, Hashable {
        /// The key that the signature claims to be made with; empty if it claims none.
        package var keyID: String
        package var bytes: [UInt8]

        package init(keyID: String, bytes: [UInt8]) { (self.keyID, self.bytes) = (keyID, bytes) }
    }

    /// in-toto statements are all that is taken.
    package static let payloadType = "application/vnd.in-toto+json"
    /// More than anybody needs, and few enough to be tried all.
    package static let mostSignatures = 16

    package let signatures: [Signature]
    private let payload: [UInt8]

    /// The payload, of which nothing is known. Only for choosing the keys with which ``verified(by:threshold:keyIDs:)``
    /// tries the signatures.
    package var unverified: [UInt8] { payload }

    package init(_ object: StrictObject) throws(SigningProblem) {
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

    /// Reads an envelope that is a whole file.
    ///
    /// - Parameters:
    ///   - what: is read, for messages: "the custody statement".
    ///   - most: bytes that it may have.
    package init(_ bytes: [UInt8], _ what: String, most: Int) throws(SigningProblem) {
        guard bytes.count <= most else { throw .malformed("\(what) is larger than \(most) bytes") }
        try self.init(try StrictObject(bytes, what, members: ["payload", "payloadType", "signatures"]))
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

    /// An envelope of signatures that were made elsewhere. They are not verified yet, either.
    package init(_ payload: [UInt8], signatures: [Signature]) throws(SigningProblem) {
        guard (1...Self.mostSignatures).contains(signatures.count), signatures.allSatisfy({ !$0.bytes.isEmpty }) else {
            throw .malformed("an envelope has 1 to \(Self.mostSignatures) signatures")
        }
        self.init(payload, signatures)
    }

    /// DSSE's PAE: what is signed instead of the payload, so that its type is
    /// signed, too.
    package static func preAuthEncoding(_ payload: [UInt8]) -> [UInt8] {
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

    /// The use of a signature's `keyid`.
    package enum KeyIDs: Sendable {
        /// A signature names its key by the key's hint, or is refused.
        case required
        /// A signature that names no key of those given is tried with each of them: DSSE 1.0 has `keyid` as a hint that
        /// may be missing, and signers that are not Holdfast's name keys in their own way.
        case hints
    }

    /// Returns the payload if every signature is of one of these keys, and each is of a different key: a signature that
    /// can't be checked is refused, and a second signature with the same key doesn't count as a second one.
    ///
    /// - Parameter threshold: the number of keys that must have signed.
    package func verified(
        by keys: [ECPublicKey], threshold: Int, keyIDs: KeyIDs
    ) throws(SigningProblem) -> VerifiedPayload {
        let message = Self.preAuthEncoding(payload)
        var signers: [ECPublicKey] = []
        for signature in signatures {
            let key = try Self.signer(signature, of: message, among: keys, keyIDs)
            guard !signers.contains(key) else { throw .untrusted("it is signed twice with one key, \(key.hint)") }
            signers.append(key)
        }
        guard signers.count >= threshold else {
            throw .untrusted("it is signed with \(signers.count) of the \(threshold) keys that are needed")
        }
        return VerifiedPayload(payload, by: signers)
    }

    private static func signer(
        _ signature: Signature, of message: [UInt8], among keys: [ECPublicKey], _ keyIDs: KeyIDs
    ) throws(SigningProblem) -> ECPublicKey {
        if let named = keys.first(where: { $0.hint == signature.keyID }) {
            guard named.isValid(signature.bytes, of: message) else {
                throw .untrusted("the signature of \(named.hint) doesn't hold")
            }
            return named
        }
        if case .hints = keyIDs, let key = keys.first(where: { $0.isValid(signature.bytes, of: message) }) {
            return key
        }
        throw .untrusted("it is signed by a key that is not among yours, \(Printable.quoted(signature.keyID))")
    }

    /// The same payload with the signatures of both.
    package func joined(with other: SignedEnvelope) throws(SigningProblem) -> SignedEnvelope {
        guard payload == other.payload else {
            throw .mismatch(
                "what is signed there is not the same", remedy: "agree on the terms, and sign them in a new file")
        }
        let added = other.signatures.filter { new in !signatures.contains { Self.areOfOneKey($0, new) } }
        return SignedEnvelope(payload, signatures + added)
    }

    /// True where both name one key; signatures that name none are told apart by their bytes.
    private static func areOfOneKey(_ one: Signature, _ other: Signature) -> Bool {
        one == other || (one.keyID == other.keyID && !one.keyID.isEmpty)
    }

    private init(_ payload: [UInt8], _ signatures: [Signature]) {
        (self.payload, self.signatures) = (payload, signatures)
    }

    /// As it is written to a file of its own.
    package var text: String {
        var json = JSONWriter()
        write(to: &json, namesKeys: true)
        return String(buffer: json.buffer)
    }

    package func write(to json: inout JSONWriter, namesKeys: Bool) {
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
/// above creates it.
package struct VerifiedPayload: Sendable, Hashable {
    package let bytes: [UInt8]
    /// Each another.
    package let signers: [ECPublicKey]

    fileprivate init(_ bytes: [UInt8], by signers: [ECPublicKey]) {
        self.bytes = bytes
        self.signers = signers
    }
}
