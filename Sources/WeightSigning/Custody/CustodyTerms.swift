import Encodings
package import Signing
import Wire

/// The role in which a model may serve. A model that answers people must not be the one that supervises the answers.
package enum CustodyRole: String, Sendable, Hashable, CaseIterable {
    case primary
    case supervisor
    case adapter
}

/// On what terms a model may be in service: all that custodians sign.
package struct CustodyTerms: Sendable, Hashable {
    static let predicateType = "https://holdfast/custody/v1.0"

    /// A file that the engine runs code from.
    package struct Mapping: Sendable, Hashable {
        /// For people; what counts is the digest.
        package var name: String
        package var digest: [UInt8]

        package init(name: String, digest: [UInt8]) { (self.name, self.digest) = (name, digest) }
    }

    /// The name by which Holdfast knows the model.
    package var model: String
    /// The root of the model's manifest (``ModelManifest/root``).
    package var root: [UInt8]
    package var role: CustodyRole
    /// Goes up with every statement about this model in this role: an older
    /// one is never taken again.
    package var epoch: UInt64
    /// Seconds since 1970; after that second the model isn't loaded.
    package var notAfter: Int64
    /// The digests of the launcher, the interpreter and every native library: all files that may be mapped as
    /// executable in the engine's process. Sorted by name.
    package var mappings: [Mapping]
    /// SHA-256; nil where the model has none.
    package var chatTemplate: [UInt8]?
    /// The amount of information that may leave in answers and embeddings together.
    package var egressBitsPerDay: UInt64

    package init(
        model: String, root: [UInt8], role: CustodyRole, epoch: UInt64, notAfter: Int64, mappings: [Mapping],
        chatTemplate: [UInt8]?, egressBitsPerDay: UInt64
    ) {
        self.model = model
        self.root = root
        self.role = role
        self.epoch = epoch
        self.notAfter = notAfter
        self.mappings = mappings.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        self.chatTemplate = chatTemplate
        self.egressBitsPerDay = egressBitsPerDay
    }

    // MARK: Reading

    package init(_ payload: VerifiedPayload) throws(SigningProblem) {
        let what = "the custody statement"
        let statement = try StrictObject(
            payload.bytes, what, members: ["_type", "subject", "predicateType", "predicate"])
        try statement.must("_type", be: InTotoStatement.type)
        try statement.must("predicateType", be: Self.predicateType)
        let subject = try InTotoStatement.subject(statement)
        let predicate = try statement.object(
            "predicate",
            members: ["role", "epoch", "not_after", "mappings", "chat_template_sha256", "egress_bits_per_day"])
        let named = try predicate.string("role")
        guard let role = CustodyRole(rawValue: named) else {
            throw .malformed("\(what)'s role is \(Printable.quoted(named))")
        }
        var mappings: [Mapping] = []
        for element in try predicate.elements("mappings") {
            let mapping = try StrictObject(element, "a mapping of \(what)", members: ["name", "sha256"])
            mappings.append(Mapping(name: try mapping.string("name"), digest: try mapping.sha256("sha256")))
        }
        guard
            zip(mappings, mappings.dropFirst()).allSatisfy({ $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
        else { throw .malformed("\(what)'s mappings are not sorted by name, or one is named twice") }
        guard let template = predicate.optional("chat_template_sha256") else {
            throw .malformed("\(what) has no `chat_template_sha256`")
        }
        self.init(
            model: subject.name, root: subject.root, role: role, epoch: try predicate.count("epoch"),
            notAfter: Int64(try predicate.count("not_after")), mappings: mappings,
            chatTemplate: template.isNull ? nil : try predicate.sha256("chat_template_sha256"),
            egressBitsPerDay: try predicate.count("egress_bits_per_day"))
    }

    // MARK: Writing

    /// The same terms are the same bytes, so that custodians can sign apart.
    /// - Throws: ``SigningProblem`` where these terms could not be read again.
    package var payload: [UInt8] {
        get throws(SigningProblem) {
            let names = Set(mappings.map(\.name))
            guard names.count == mappings.count else {
                throw SigningProblem(.malformed, "two mappings have one name", remedy: "name each file once")
            }
            guard !model.isEmpty, (1...UInt64(Int64.max)).contains(epoch), notAfter > 0,
                (1...UInt64(Int64.max)).contains(egressBitsPerDay), root.count == DigestAlgorithm.sha256.size
            else {
                throw SigningProblem(
                    .malformed, "the terms are not whole",
                    remedy: "give a model, and an epoch, a time and a budget above zero")
            }
            return InTotoStatement.bytes(model, root: root, predicateType: Self.predicateType) { json in
                json.member("role", role.rawValue)
                json.member("epoch", Int(epoch))
                json.member("not_after", Int(notAfter))
                json.array("mappings") { json in
                    for mapping in mappings {
                        json.object { json in
                            json.member("name", mapping.name)
                            json.member("sha256", Hex.encode(mapping.digest))
                        }
                    }
                }
                if let chatTemplate {
                    json.member("chat_template_sha256", Hex.encode(chatTemplate))
                } else {
                    json.null("chat_template_sha256")
                }
                json.member("egress_bits_per_day", Int(egressBitsPerDay))
            }
        }
    }
}
