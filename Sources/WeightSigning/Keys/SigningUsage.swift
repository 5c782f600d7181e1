import Signing
import SwiftASN1
import X509

/// The purposes that certificates must have: the first must be for signing code (or for signatures in general, if it
/// names no purpose), and the others for signing certificates.
///
/// The certificate of a web server must not sign weights: its key is on machines that are exposed to the internet, and
/// anybody can get such a certificate for a domain.
struct SigningUsage: VerifierPolicy {
    let verifyingCriticalExtensions: [ASN1ObjectIdentifier] = [.X509ExtensionID.extendedKeyUsage]

    func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) -> PolicyEvaluationResult {
        do {
            try Self.check(chain.leaf)
            for issuer in chain.dropFirst() {
                // RFC 5280 §4.2.1.3: where uses are named, this must be one.
                if let usage = try issuer.extensions.keyUsage, !usage.keyCertSign {
                    return .failsToMeetPolicy(reason: "a certificate of the chain may not sign certificates")
                }
                // An authority that is there for other purposes only.
                if let purposes = try issuer.extensions.extendedKeyUsage,
                    !purposes.contains(.codeSigning), !purposes.contains(.any)
                {
                    return .failsToMeetPolicy(reason: "a certificate of the chain is not for signing code")
                }
            }
            return .meetsPolicy
        } catch {
            return .failsToMeetPolicy(reason: "\(error)")
        }
    }

    /// - Throws: ``SigningProblem`` where the certificate may not sign models.
    static func check(_ leaf: Certificate) throws(SigningProblem) {
        let usage: KeyUsage?
        let purposes: ExtendedKeyUsage?
        do {
            usage = try leaf.extensions.keyUsage
            purposes = try leaf.extensions.extendedKeyUsage
        } catch {
            throw .malformed("the signing certificate's uses can't be read")
        }
        let remedy = "use a certificate with the key usage digitalSignature, and codeSigning where purposes are named"
        if let usage, !usage.digitalSignature {
            throw .untrusted("the signing certificate may not make signatures", remedy: remedy)
        }
        if let purposes {
            guard !purposes.contains(.serverAuth) else {
                throw .untrusted("the signing certificate is a web server's (serverAuth)", remedy: remedy)
            }
            guard purposes.contains(.codeSigning) else {
                throw .untrusted("the signing certificate is not for signing code", remedy: remedy)
            }
        }
        guard usage != nil || purposes != nil else {
            throw .untrusted("the signing certificate doesn't say what it is for", remedy: remedy)
        }
    }
}
