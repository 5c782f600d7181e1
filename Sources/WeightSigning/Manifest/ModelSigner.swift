import Encodings
import NIOCore
package import Signing
import Wire
import X509

/// Signs models, with a key or with the certificates of one. By files and
/// SHA-256, which every verifier knows.
package struct ModelSigner: Sendable {
    let key: ECPrivateKey
    /// DER, the signer's first; empty where the key alone signs.
    let certificates: [[UInt8]]

    package init(key: ECPrivateKey) {
        self.key = key
        certificates = []
    }

    /// - Parameters:
    ///   - certificate: PEM, the key's own.
    ///   - chain: PEM, of those who vouch for it.
    /// - Throws: ``SigningProblem`` where the certificate is another key's, or
    ///   may not sign models.
    package init(key: ECPrivateKey, certificate: String, chain: [String]) throws(SigningProblem) {
        let own = try CertificateRoots.certificates(pem: certificate, "the certificate")
        guard own.count == 1 else {
            throw .malformed("the certificate's file holds \(own.count) certificates", remedy: "give the chain apart")
        }
        guard try CertificateRoots.key(of: own[0].parsed) == key.publicKey else {
            throw .mismatch("the certificate is of another key", remedy: "give the one that goes with the key")
        }
        try SigningUsage.check(own[0].parsed)
        var all = [own[0].bytes]
        for text in chain { all += try CertificateRoots.certificates(pem: text, "the chain").map(\.bytes) }
        guard all.count <= CertificateRoots.mostCertificates else {
            throw .malformed(
                "the chain has \(all.count) certificates", remedy: "give only those that lead from the key to the root")
        }
        self.key = key
        certificates = all
    }

    /// The files that are never signed: those of version control (§6.2).
    package static let leftOut = [".git", ".gitattributes", ".github", ".gitignore"]

    /// Hashes a model's files and signs the list of their digests.
    ///
    /// - Parameters:
    ///   - name: a name for people; the folder's or the file's.
    ///   - ignored: further paths that are not signed, in addition to ``leftOut``. A strict verification refuses a
    ///   model that contains them.
    ///   - role: the only role in which Holdfast loads the model.
    package func sign(
        _ files: some ModelFiles, named name: String, ignoring ignored: [ModelPath], as role: CustodyRole = .primary
    ) throws(SigningProblem) -> SignedModel {
        var left = Self.leftOut.compactMap { ModelPath($0) }
        for path in ignored where !left.contains(path) { left.append(path) }
        var resources: [Resource] = []
        var unsigned: [ModelPath] = []
        for entry in try files.list().sorted(by: { $0.path < $1.path }) {
            if left.contains(where: { entry.path.isWithin($0) }) {
                unsigned.append(entry.path)
                continue
            }
            guard entry.kind == .file else {
                throw .unsupported(
                    "\(entry.path) is a \(entry.kind == .link ? "link" : "device or a pipe")",
                    remedy: "put the file itself in its place, or leave it out with --ignore")
            }
            guard entry.path.text != nil else {
                throw .unsupported("the name \(entry.path) is not UTF-8", remedy: "give the file another name")
            }
            var digest = StreamingDigest(.sha256)
            try files.read(entry.path) { bytes throws(SigningProblem) in digest.update(bytes) }
            resources.append(Resource(path: entry.path, digest: digest.finish()))
        }
        guard !resources.isEmpty else {
            throw .mismatch("there is no file to sign", remedy: "name the model's folder or its file")
        }
        let payload = Self.statement(resources, name, Serialization(ignoring: left), role)
        return SignedModel(
            bundle: try SignatureBundle(signing: payload, with: self), root: ModelManifest.root(of: resources),
            files: resources.count, unsigned: unsigned)
    }

    private static func statement(
        _ resources: [Resource], _ name: String, _ serialization: Serialization, _ role: CustodyRole
    ) -> [UInt8] {
        let root = ModelManifest.root(of: resources)
        return InTotoStatement.bytes(name, root: root, predicateType: ModelManifest.predicateType) { json in
            json.array("resources") { json in
                for resource in resources {
                    json.object { json in
                        json.member("name", resource.path.text ?? "")
                        json.member("algorithm", serialization.algorithm.rawValue)
                        json.member("digest", Hex.encode(resource.digest))
                    }
                }
            }
            serialization.write(to: &json)
            // Primaries are signed as everybody signs them.
            if role != .primary { json.member(ModelManifest.roleMember, role.rawValue) }
        }
    }
}

/// A signature that was just made.
package struct SignedModel: Sendable {
    package var bundle: SignatureBundle
    package var root: [UInt8]
    package var files: Int
    /// The paths that are present, but are not part of the signed model.
    package var unsigned: [ModelPath]
}
