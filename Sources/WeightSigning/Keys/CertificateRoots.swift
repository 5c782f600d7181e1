import Crypto
import Encodings
import FoundationEssentials
package import Signing
import SwiftASN1
@_spi(FixedExpiryValidationTime) import X509

/// The certificates whose owners may say who signs models. Foundation is here
/// for its `Date` alone, which X509 wants.
package struct CertificateRoots: Sendable {
    /// The most certificates in a bundle's chain: a signer, some intermediate certificates, and a root.
    static let mostCertificates = 6

    private let store: CertificateStore

    /// - Parameter texts: PEM, each with one certificate or more.
    /// - Throws: ``SigningProblem`` if there is no certificate: then no signer is trusted, and the authorities that
    ///   certify web servers are not used instead.
    package init(pem texts: [String]) throws(SigningProblem) {
        var roots: [Certificate] = []
        for text in texts { roots += try Self.certificates(pem: text, "the root certificate").map(\.parsed) }
        guard !roots.isEmpty else {
            throw .untrusted(
                "no root certificate is given", remedy: "give the one of whoever may sign models; there is no default")
        }
        store = CertificateStore(roots)
    }

    /// - Parameter what: is read, for the message.
    static func certificates(
        pem text: String, _ what: String
    ) throws(SigningProblem) -> [(parsed: Certificate, bytes: [UInt8])] {
        var found: [(Certificate, [UInt8])] = []
        for block in try PEM.blocks(text, what) {
            guard block.type == "CERTIFICATE" else {
                throw .malformed(
                    "\(what)'s file holds \(PEM.list([block]))", remedy: "give a file of certificates alone")
            }
            found.append((try parsed(block.bytes, what), block.bytes))
        }
        return found
    }

    private static func parsed(_ bytes: [UInt8], _ what: String) throws(SigningProblem) -> Certificate {
        do {
            // Bits that a signature's last byte leaves over are none of the
            // signature: with any, one certificate would have two spellings.
            let unused = try DER.sequence(try DER.parse(bytes), identifier: .sequence) { nodes in
                _ = (nodes.next(), nodes.next())
                return try ASN1BitString(derEncoded: &nodes).paddingBits
            }
            guard unused == 0 else { throw ASN1Error.invalidASN1Object(reason: "its signature is no whole bytes") }
            return try Certificate(derEncoded: bytes)
        } catch {
            throw .malformed("\(what) can't be read: \(Printable.text("\(error)", most: 200))")
        }
    }

    /// Checks a chain (RFC 5280) and whether its first certificate may sign.
    ///
    /// - Parameters:
    ///   - chain: DER, the signer's first; every one must have its part in
    ///     the chain that holds, so that nothing rides along unchecked.
    ///   - now: seconds since 1970.
    /// - Returns: the signer's key.
    func signer(_ chain: [[UInt8]], at now: Int64) async throws(SigningProblem) -> ECPublicKey {
        var certificates: [Certificate] = []
        for bytes in chain { certificates.append(try Self.parsed(bytes, "a certificate of the bundle")) }
        guard let leaf = certificates.first else { throw .malformed("the bundle has no certificate") }
        let date = Date(timeIntervalSince1970: TimeInterval(now))
        try Self.mustBeValid(certificates, date)
        try SigningUsage.check(leaf)
        var verifier = Verifier(rootCertificates: store) {
            RFC5280Policy(fixedExpiryValidationTime: date)
            SigningUsage()
        }
        switch await verifier.validate(leaf: leaf, intermediates: CertificateStore(certificates.dropFirst())) {
        case .validCertificate(let validated):
            guard certificates.allSatisfy({ validated.contains($0) }) else {
                throw .malformed("the bundle has certificates that are not part of its chain")
            }
        case .couldNotValidate(let failures):
            let reasons = failures.map { Printable.text("\($0.policyFailureReason)", most: 300) }
            throw .untrusted(
                "the signing certificate leads to none of your roots"
                    + (reasons.isEmpty ? "" : ": " + reasons.joined(separator: "; ")),
                remedy: "give the root of whoever may sign this model, and have the chain in the bundle be whole")
        }
        return try Self.key(of: leaf)
    }

    /// Said apart, since it is what goes wrong most.
    private static func mustBeValid(_ certificates: [Certificate], _ now: Date) throws(SigningProblem) {
        for (index, certificate) in certificates.enumerated() {
            let which = index == 0 ? "the signing certificate" : "a certificate of the signer's chain"
            if now < certificate.notValidBefore {
                throw .untrusted(
                    "\(which) is not valid before \(certificate.notValidBefore.ISO8601Format())",
                    remedy: "see whether this machine's clock is right")
            }
            if now > certificate.notValidAfter {
                throw .untrusted(
                    "\(which) has expired on \(certificate.notValidAfter.ISO8601Format())",
                    remedy: "have the model signed again: nothing here proves that it was signed in time")
            }
        }
    }

    static func key(of certificate: Certificate) throws(SigningProblem) -> ECPublicKey {
        if let key = P256.Signing.PublicKey(certificate.publicKey) { return ECPublicKey(key) }
        if let key = P384.Signing.PublicKey(certificate.publicKey) { return ECPublicKey(key) }
        if let key = P521.Signing.PublicKey(certificate.publicKey) { return ECPublicKey(key) }
        throw .unsupported(
            "the signing certificate's key is on none of P-256, P-384 and P-521", remedy: "use a key on one of them")
    }
}
