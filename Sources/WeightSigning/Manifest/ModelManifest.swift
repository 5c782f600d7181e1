import Encodings
package import Signing
import Wire

/// A signed model's files with their digests. A value exists only for a payload whose signature is valid.
///
/// A manifest names every file of the model, and the signature is over this list. So a file that is changed, missing or
/// added is noticed, although the signature itself is much smaller than the model.
package struct ModelManifest: Sendable, Hashable {
    static let predicateType = "https://model_signing/signature/v1.0"
    private static let oldPredicateType = "https://model_signing/Digests/v0.1"

    /// The name that the signer gave the model; it is for people, and is not a proof of anything.
    package let name: String
    /// SHA-256 over all digests in their order (§6.5.1): one number for the
    /// whole model.
    package let root: [UInt8]
    package let serialization: Serialization
    /// In the order of their paths' bytes.
    package let files: [ManifestFile]
    /// The role that the publisher signed the model for; a manifest without
    /// one is a primary's. `holdfast_role` is ours: OpenSSF Model Signing 1.0
    /// has no such member, and its verifiers skip it.
    package let role: CustodyRole
    /// The keys whose signatures are valid.
    package let signers: [ECPublicKey]

    package init(_ payload: VerifiedPayload) throws(SigningProblem) {
        signers = payload.signers
        let statement = try StrictObject(
            payload.bytes, "the statement", members: ["_type", "subject", "predicateType", "predicate"])
        try statement.must("_type", be: InTotoStatement.type)
        if try statement.string("predicateType") == Self.oldPredicateType {
            throw .unsupported(
                "the statement is of version 0.1, which leaves out what was hashed and how",
                remedy: "have the model signed again with model-signing 1.1 or `holdfast weights sign`")
        }
        try statement.must("predicateType", be: Self.predicateType)
        let predicate = try statement.object("predicate", members: ["serialization", "resources", Self.roleMember])
        serialization = try Serialization(
            try predicate.object(
                "serialization", members: ["method", "hash_type", "shard_size", "allow_symlinks", "ignore_paths"]))
        role = try Self.role(predicate)
        var resources: [Resource] = []
        for element in try predicate.elements("resources") { resources.append(try Resource(element, serialization)) }
        guard !resources.isEmpty else { throw .malformed("the statement names no files: `resources` is empty") }
        (name, root) = try InTotoStatement.subject(statement)
        guard Self.root(of: resources) == root else {
            throw .malformed("the statement's subject is not the SHA-256 over the digests of its resources")
        }
        try Self.mustBeSorted(resources)
        files = try ManifestFile.files(resources, serialization)
        if let hidden = files.first(where: { file in serialization.ignored.contains { file.path.isWithin($0) } }) {
            throw .malformed("\(hidden.path) is signed and, by `ignore_paths`, ignored")
        }
    }

    static let roleMember: StaticString = "holdfast_role"

    private static func role(_ predicate: StrictObject) throws(SigningProblem) -> CustodyRole {
        guard predicate.optional(roleMember) != nil else { return .primary }
        let named = try predicate.string(roleMember)
        guard let role = CustodyRole(rawValue: named) else {
            throw .malformed("the statement's `\(roleMember)` is \(Printable.quoted(named))")
        }
        return role
    }

    static func root(of resources: [Resource]) -> [UInt8] { StreamingDigest.sha256(resources.flatMap(\.digest)) }

    /// Either order is one of its own; what is in neither was not written by
    /// a signer.
    private static func mustBeSorted(_ resources: [Resource]) throws(SigningProblem) {
        var names: Set<[UInt8]> = []
        for resource in resources where !names.insert(resource.name).inserted {
            throw .malformed("\(resource.path) is named twice in the statement's resources")
        }
        let pairs = zip(resources, resources.dropFirst())
        guard
            pairs.allSatisfy({ Resource.precedesByName($0, $1) })
                || pairs.allSatisfy({ Resource.precedesByPlace($0, $1) })
        else { throw .malformed("the statement's resources are not sorted by name") }
    }
}
