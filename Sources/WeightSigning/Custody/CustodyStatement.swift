import Encodings
package import Signing

/// A custody statement as it was read from its file: a DSSE envelope whose signatures are not verified yet. Its content
/// is available only through ``granted(_:by:)``.
///
/// A custody statement is the joint decision of several custodians to put a model into service. It names the model by
/// the root of its manifest, its role, the engine's files, the most information that may leave in a day, an epoch that
/// must increase, and an expiry time.
package struct CustodyStatement: Sendable {
    package static let mostBytes = 4 << 20

    private let envelope: SignedEnvelope

    package init(_ bytes: [UInt8]) throws(SigningProblem) {
        envelope = try SignedEnvelope(bytes, "the custody statement", most: Self.mostBytes)
    }

    /// Signs terms, with one key or with more.
    package init(signing terms: CustodyTerms, with keys: [ECPrivateKey]) throws(SigningProblem) {
        envelope = try SignedEnvelope(signing: try terms.payload, with: keys)
    }

    /// Returns the statement with the signatures of `other` added. Both must have exactly the same bytes as their
    /// terms: a custodian signs a statement that they have composed themselves, and never the content of a file that
    /// they were given.
    package func joined(with other: CustodyStatement) throws(SigningProblem) -> CustodyStatement {
        CustodyStatement(try envelope.joined(with: other.envelope))
    }

    private init(_ envelope: SignedEnvelope) { self.envelope = envelope }

    package var signatures: Int { envelope.signatures.count }

    /// As it is written to a file.
    package var text: String { envelope.text }

    /// Returns the permission to load a model for a demand.
    ///
    /// - Throws: ``SigningProblem`` with the reason if the model may not be loaded.
    package func granted(_ demand: CustodyDemand, by keys: CustodyKeys) throws(SigningProblem) -> CustodyGrant {
        let payload = try envelope.verified(by: keys.keys, threshold: keys.threshold, keyIDs: .required)
        let terms = try CustodyTerms(payload)
        guard Array(terms.model.utf8) == Array(demand.model.utf8) else {
            throw .mismatch(
                "the custody statement is about another model, \(Printable.quoted(terms.model))",
                remedy: "give the statement about \(Printable.quoted(demand.model))")
        }
        guard terms.role == demand.role else {
            throw .mismatch(
                "the model is signed as \(terms.role.rawValue) and wanted as \(demand.role.rawValue)",
                remedy: "have your custodians sign it for that role, if it is meant to have it")
        }
        guard terms.root == demand.root else {
            throw .mismatch(
                "the custody statement is about other files: its root is \(Hex.encode(terms.root)), the manifest's is "
                    + Hex.encode(demand.root),
                remedy: "have your custodians sign these files, or put the signed ones back")
        }
        guard demand.now <= terms.notAfter else {
            throw .mismatch(
                "the custody statement has run out, \(demand.now - terms.notAfter) s ago",
                remedy: "have your custodians sign another, with a higher epoch")
        }
        let epoch = CustodyEpoch(number: terms.epoch, statement: StreamingDigest.sha256(payload.bytes))
        try demand.remembered?.mustAllow(epoch)
        return CustodyGrant(terms, epoch: epoch, signers: payload.signers)
    }
}

/// The model, role and time for which a permission is demanded.
package struct CustodyDemand: Sendable {
    package var model: String
    package var role: CustodyRole
    /// The root of the verified manifest.
    package var root: [UInt8]
    /// Seconds since 1970.
    package var now: Int64
    /// The epoch that was granted last for this model in this role; nil only if none was ever granted.
    package var remembered: CustodyEpoch?

    package init(model: String, role: CustodyRole, root: [UInt8], now: Int64, remembered: CustodyEpoch?) {
        self.model = model
        self.role = role
        self.root = root
        self.now = now
        self.remembered = remembered
    }
}

/// The epoch of the statement that was granted last. It has to be stored before the model is loaded.
package struct CustodyEpoch: Sendable, Hashable {
    package var number: UInt64
    /// SHA-256 of what was signed: two statements of one epoch would be two
    /// truths.
    package var statement: [UInt8]

    package init(number: UInt64, statement: [UInt8]) { (self.number, self.statement) = (number, statement) }

    /// - Throws: ``SigningProblem`` where `next` is older, or another of the
    ///   same epoch.
    func mustAllow(_ next: CustodyEpoch) throws(SigningProblem) {
        guard next.number >= number else {
            throw .mismatch(
                "the custody statement is of epoch \(next.number), and \(number) was in force already",
                remedy: "give the newest one: an older one may say what was taken back since")
        }
        guard next.number > number || next.statement == statement else {
            throw .mismatch(
                "another custody statement of epoch \(number) was in force already",
                remedy: "have your custodians sign this one with a higher epoch, and find out who signed two")
        }
    }
}

/// A permission to load a model, with its terms. Only ``CustodyStatement/granted(_:by:)`` creates it.
package struct CustodyGrant: Sendable, Hashable {
    package let terms: CustodyTerms
    package let epoch: CustodyEpoch
    package let signers: [ECPublicKey]

    fileprivate init(_ terms: CustodyTerms, epoch: CustodyEpoch, signers: [ECPublicKey]) {
        (self.terms, self.epoch, self.signers) = (terms, epoch, signers)
    }
}
