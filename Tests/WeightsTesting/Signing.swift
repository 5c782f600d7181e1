import Crypto
import FoundationEssentials
package import Signing
import SwiftASN1
package import WeightSigning
import X509

/// Files of a model that are in memory.
package struct MemoryModel: ModelFiles {
    package var files: [String: [UInt8]]
    /// Bytes that come at once.
    package var step: Int

    package init(files: [String: [UInt8]], step: Int = 1000) {
        self.files = files
        self.step = step
    }

    package func list() throws(SigningProblem) -> [ModelEntry] {
        files.keys.compactMap { ModelPath($0) }.map { ModelEntry($0, .file) }
    }

    package func read(
        _ path: ModelPath, _ take: (UnsafeRawBufferPointer) throws(SigningProblem) -> Void
    ) throws(SigningProblem) {
        let bytes = files[path.text ?? ""] ?? []
        var place = 0
        while place < bytes.count {
            let end = min(bytes.count, place + step)
            let piece = Array(bytes[place..<end])
            let result = piece.withUnsafeBytes { piece -> SigningProblem? in
                do throws(SigningProblem) {
                    try take(piece)
                    return nil
                } catch {
                    return error
                }
            }
            if let result { throw result }
            place = end
        }
    }

    package static let small = MemoryModel(files: ["a": [1, 2, 3], "d/b": [], "d/c": Array(repeating: 7, count: 2500)])
}

/// An authority that lets one key sign, from 2026 until 2030.
package struct Authority {
    package static let now: Int64 = 1_790_000_000

    private let rootKey = P256.Signing.PrivateKey()
    package let signerKey: ECPublicKey
    package let signer: ModelSigner
    package let roots: CertificateRoots
    /// The root's certificate.
    package let rootPEM: String

    package init() throws {
        let middleKey = P256.Signing.PrivateKey()
        let leafKey = ECPrivateKey()
        signerKey = leafKey.publicKey
        let leaf = try P256.Signing.PrivateKey(pemRepresentation: leafKey.pem)
        let root = try Self.certificate("root", .init(rootKey.publicKey), by: "root", rootKey, isCA: true)
        let middle = try Self.certificate("middle", .init(middleKey.publicKey), by: "root", rootKey, isCA: true)
        let own = try Self.certificate("leaf", .init(leaf.publicKey), by: "middle", middleKey, isCA: false)
        signer = try ModelSigner(
            key: leafKey, certificate: try own.serializeAsPEM().pemString,
            chain: [try middle.serializeAsPEM().pemString])
        rootPEM = try root.serializeAsPEM().pemString
        roots = try CertificateRoots(pem: [rootPEM])
    }

    private static func certificate(
        _ name: String, _ key: Certificate.PublicKey, by issuer: String, _ issuerKey: P256.Signing.PrivateKey,
        isCA: Bool
    ) throws -> Certificate {
        try Certificate(
            version: .v3, serialNumber: .init(), publicKey: key,
            notValidBefore: Date(timeIntervalSince1970: 1_767_225_600),
            notValidAfter: Date(timeIntervalSince1970: 1_893_456_000),
            issuer: DistinguishedName { CommonName(issuer) }, subject: DistinguishedName { CommonName(name) },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(isCA ? BasicConstraints.isCertificateAuthority(maxPathLength: nil) : .notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: !isCA, keyCertSign: isCA))
                if !isCA { try ExtendedKeyUsage([.codeSigning]) }
            }, issuerPrivateKey: .init(issuerKey))
    }
}

extension SignatureBundle {
    package init(_ text: String) throws(SigningProblem) { try self.init(Array(text.utf8)) }
}
