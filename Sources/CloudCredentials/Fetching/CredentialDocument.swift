package import AWSSigning
import Encodings
package import NIOCore
import Wire

/// A credential as JSON: what a `credential_process` prints, and what the
/// endpoints of containers and instances answer.
package enum CredentialDocument {
    /// - Parameters:
    ///   - tokenName: The member of the session token, which differs.
    ///   - needsVersion: True for a program's output, which says its format.
    /// - Throws: ``CredentialProblem``, without anything of the document.
    package static func read(
        _ bytes: ByteBuffer, from shown: String, tokenName: StaticString, needsVersion: Bool = false
    ) throws(CredentialProblem) -> AWSCredential {
        guard let root = (try? JSONDocument(bytes))?.root, root.kind == .object else {
            throw CredentialProblem("\(shown) gave no JSON object")
        }
        if needsVersion, root["Version"]?.int != 1 {
            throw CredentialProblem("\(shown) gave a credential of another version than 1")
        }
        // The instance's endpoint says 200 also where it has none.
        if let code = root["Code"]?.string, code != "Success" {
            throw CredentialProblem("\(shown) has no credential: \(Printable.excerpt(code))")
        }
        guard let id = root["AccessKeyId"]?.string, !id.isEmpty, let secret = root["SecretAccessKey"]?.string,
            !secret.isEmpty
        else { throw CredentialProblem("\(shown) gave no AccessKeyId or no SecretAccessKey") }
        var credential = AWSCredential(keyID: id, secret: secret)
        credential.sessionToken = root[tokenName]?.string.flatMap { $0.isEmpty ? nil : $0 }
        if let expiration = root["Expiration"], !expiration.isNull {
            guard let seconds = expiration.string.flatMap(Timestamp.seconds) else {
                throw CredentialProblem("\(shown) gave an Expiration that is no time")
            }
            credential.expires = Int64(seconds)
        }
        try credential.check(shown)
        return credential
    }
}

extension AWSCredential {
    /// Refuses what would not be one header field.
    func check(_ shown: String) throws(CredentialProblem) {
        for text in [keyID, secret, sessionToken ?? "-"] {
            guard text.utf8.count <= 16 << 10, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw CredentialProblem("\(shown) gave a credential with characters that none has")
            }
        }
        guard !keyID.contains("/"), !keyID.contains(",") else {
            throw CredentialProblem("\(shown) gave a key id that is none")
        }
    }
}
