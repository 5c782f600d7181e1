import Encodings
import NIOCore
package import Signing
import Wire

/// A statement with the signatures that it has so far, as people carry it from
/// one machine to another. Nothing of it is verified.
///
/// The file is one of three: the statement itself (in-toto, JSON), its
/// pre-authentication encoding (DSSE, the bytes that are signed), or an
/// envelope (DSSE) with signatures.
package struct StatementFile: Sendable, Hashable {
    /// The most bytes of such a file.
    package static let longest = 128 << 10

    /// The bytes of the statement.
    package var payload: [UInt8]
    package private(set) var signatures: [SignedEnvelope.Signature] = []

    /// A statement that nobody has signed.
    package init(payload: [UInt8]) { self.payload = payload }

    /// Reads any of the three forms.
    package init(_ bytes: [UInt8]) throws(SigningProblem) {
        if bytes.starts(with: Array("DSSEv1 ".utf8)) {
            payload = try Self.payload(ofEncoding: bytes)
        } else {
            let members = try Self.members(of: bytes)
            if members.contains("payload") {
                let object = try StrictObject(
                    bytes, "the envelope", members: ["payload", "payloadType", "signatures"])
                try object.must("payloadType", be: SignedEnvelope.payloadType)
                payload = try object.base64("payload")
                signatures = try SignedEnvelope(bytes, "the envelope", most: Self.longest).signatures
            } else if members.contains("predicateType") {
                payload = bytes
            } else {
                throw SigningProblem(
                    .malformed, "it is neither a statement nor an envelope around one",
                    remedy: "give a file of `holdfast veto show ID --statement` or `--pae`, or a DSSE envelope")
            }
        }
    }

    private static func members(of bytes: [UInt8]) throws(SigningProblem) -> [String] {
        let remedy = "give a statement, its --pae, or a DSSE envelope"
        guard !bytes.isEmpty else { throw SigningProblem(.malformed, "it is empty", remedy: remedy) }
        do {
            let limits = JSONLimits(depth: 16, values: 10_000)
            return try JSONDocument(ByteBuffer(bytes: bytes), limits: limits).root.members.map { $0.0.string ?? "" }
        } catch {
            throw SigningProblem(.malformed, "it is no JSON: \(error)", remedy: remedy)
        }
    }

    /// The payload in `DSSEv1 LENGTH TYPE LENGTH PAYLOAD`; both lengths must be
    /// those of what follows.
    private static func payload(ofEncoding bytes: [UInt8]) throws(SigningProblem) -> [UInt8] {
        let words = bytes.split(separator: 0x20, maxSplits: 4, omittingEmptySubsequences: false)
        let problem = SigningProblem(
            .malformed, "the encoding isn't DSSE's of a statement (DSSEv1 28 \(SignedEnvelope.payloadType) …)",
            remedy: "write it again with --pae")
        guard words.count == 5 else { throw problem }
        let payload = Array(words[4])
        guard SignedEnvelope.preAuthEncoding(payload) == bytes else { throw problem }
        return payload
    }

    /// The bytes that are signed: DSSE's pre-authentication encoding.
    package var encoding: [UInt8] { SignedEnvelope.preAuthEncoding(payload) }

    /// Returns whether one of the signatures is valid with this key.
    package func isSigned(by key: ECPublicKey) -> Bool {
        signatures.contains { key.isValid($0.bytes, of: encoding) }
    }

    package mutating func sign(with key: ECPrivateKey) throws(SigningProblem) {
        add(try key.signature(for: encoding), by: key.publicKey)
    }

    /// Adds a signature that was made elsewhere.
    /// - Parameter key: the key, once it was verified with it.
    package mutating func add(_ signature: [UInt8], by key: ECPublicKey) {
        signatures.append(SignedEnvelope.Signature(keyID: key.hint, bytes: signature))
    }

    /// The envelope, as the spool holds it.
    package var envelope: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("payload", Base64.encode(payload))
            json.member("payloadType", SignedEnvelope.payloadType)
            json.array("signatures") { json in
                for signature in signatures {
                    json.object { json in
                        json.member("keyid", signature.keyID)
                        json.member("sig", Base64.encode(signature.bytes))
                    }
                }
            }
        }
        return Array(json.buffer.readableBytesView)
    }
}
