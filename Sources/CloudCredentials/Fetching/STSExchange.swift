package import AWSSigning
import Encodings
package import NIOCore

/// The exchange of a web identity's token for a credential:
/// `AssumeRoleWithWebIdentity`, a form there and XML back.
///
/// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
package enum STSExchange {
    package static func body(_ identity: WebIdentity, token: String) -> ByteBuffer {
        let items = [
            ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", identity.roleARN),
            ("RoleSessionName", identity.sessionName), ("WebIdentityToken", token),
        ]
        return ByteBuffer(string: items.map { "\($0.0)=\(escape($0.1))" }.joined(separator: "&"))
    }

    private static func escape(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            let isUnreserved =
                byte &- UInt8(ascii: "0") < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 26 || "-._~".utf8.contains(byte)
            escaped += isUnreserved ? String(UnicodeScalar(byte)) : "%" + Hex.encode([byte]).uppercased()
        }
        return escaped
    }

    /// Reads an answer of STS.
    /// - Throws: ``CredentialProblem``, with the code of an error and without
    ///   its words, which may repeat the token.
    package static func read(status: Int, _ bytes: ByteBuffer) throws(CredentialProblem) -> AWSCredential {
        let text = String(buffer: bytes)
        guard status == 200 else {
            let code = element("Code", of: text).map { ": \(Printable.excerpt($0))" } ?? ""
            throw CredentialProblem("STS answered with status \(status)\(code)")
        }
        guard let inside = element("Credentials", of: text), let id = element("AccessKeyId", of: inside),
            let secret = element("SecretAccessKey", of: inside), let token = element("SessionToken", of: inside),
            let expires = element("Expiration", of: inside).flatMap(Timestamp.seconds)
        else { throw CredentialProblem("STS gave no whole credential") }
        let credential = AWSCredential(keyID: id, secret: secret, sessionToken: token, expires: Int64(expires))
        try credential.check("STS")
        return credential
    }

    /// The text of the first element of that name. A credential has no
    /// character that XML would escape.
    private static func element(_ name: String, of text: String) -> String? {
        guard let start = text.firstRange(of: "<\(name)>"),
            let end = text[start.upperBound...].firstRange(of: "</\(name)>")
        else { return nil }
        return String(text[start.upperBound..<end.lowerBound].trimmed)
    }
}
