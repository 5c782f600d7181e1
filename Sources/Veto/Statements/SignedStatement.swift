import Crypto
package import Signing

/// A statement as it was read from a file or a request: a DSSE envelope whose
/// signatures are not verified yet. Its content is available only through
/// ``verified(by:)``.
package struct SignedStatement: Sendable {
    /// The most bytes of an envelope.
    package static let mostBytes = 32 << 10

    private let envelope: SignedEnvelope

    /// - Throws: ``VetoRefusal/malformed(_:)`` for what is no such envelope.
    package init(_ bytes: [UInt8]) throws(VetoRefusal) {
        envelope = try VetoRefusal.reading { () throws(SigningProblem) in
            try SignedEnvelope(bytes, "the statement", most: Self.mostBytes)
        }
    }

    /// Signs a statement with every key.
    package init(signing statement: VetoStatement, with keys: [ECPrivateKey]) throws(VetoRefusal) {
        let payload = try statement.payload
        envelope = try VetoRefusal.reading { () throws(SigningProblem) in
            try SignedEnvelope(signing: payload, with: keys)
        }
    }

    /// An envelope for a signature that was made elsewhere, over the
    /// pre-authentication encoding of a payload.
    ///
    /// - Parameters:
    ///   - payload: the bytes of an in-toto statement.
    ///   - signature: ECDSA in DER.
    ///   - key: the key that made it; nil where that isn't known.
    package init(payload: [UInt8], signature: [UInt8], key: ECPublicKey?) throws(VetoRefusal) {
        envelope = try VetoRefusal.reading { () throws(SigningProblem) in
            try SignedEnvelope(payload, signatures: [.init(keyID: key?.hint ?? "", bytes: signature)])
        }
    }

    private init(_ envelope: SignedEnvelope) { self.envelope = envelope }

    /// Returns the statement with the signatures of `other` added.
    /// - Throws: ``VetoRefusal`` where `other` is over other bytes.
    package func joined(with other: SignedStatement) throws(VetoRefusal) -> SignedStatement {
        try VetoRefusal.reading { () throws(SigningProblem) in
            SignedStatement(try envelope.joined(with: other.envelope))
        }
    }

    package var signatures: Int { envelope.signatures.count }

    /// The roster that it claims to bring; nothing of it is verified.
    private var brings: Roster? { claimed?.brought }

    /// True where it claims to be version 1 of the roster.
    package var founds: Bool { if case .found = claimed?.decision { true } else { false } }

    private var claimed: VetoStatement? { try? VetoStatement(unverified: envelope.unverified) }

    /// As it is written to a file.
    package var text: String { envelope.text }

    /// Returns the content if every signature is valid, each by a different one
    /// of these keys, or of those that the statement brings into the roster.
    /// Whether the signers may decide that is for the machine.
    ///
    /// - Parameter keys: ``RosterChain/keys``.
    package func verified(by keys: [ECPublicKey]) throws(VetoRefusal) -> VerifiedStatement {
        let known = Set(keys)
        let brought = brings?.peoplesKeys.filter { !known.contains($0) } ?? []
        let payload: VerifiedPayload
        do {
            payload = try envelope.verified(by: keys + brought, threshold: 1, keyIDs: .hints)
        } catch {
            throw .unknownSigner(error.what)
        }
        return VerifiedStatement(try VetoStatement(payload), payload)
    }
}

/// A statement whose signatures hold. Only ``SignedStatement/verified(by:)``
/// makes one.
package struct VerifiedStatement: Sendable, Hashable {
    package let statement: VetoStatement
    /// SHA-256 of the payload: the statement's name in records, by which a
    /// replay is found.
    package let digest: [UInt8]
    /// Each another.
    package let signers: [ECPublicKey]

    fileprivate init(_ statement: VetoStatement, _ payload: VerifiedPayload) {
        self.statement = statement
        digest = Array(SHA256.hash(data: payload.bytes))
        signers = payload.signers
    }
}
