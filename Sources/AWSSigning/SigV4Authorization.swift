import Encodings

/// An `authorization` field of signature version 4, taken apart.
package struct SigV4Authorization: Sendable, Hashable {
    package let keyID: String
    package let scope: SigV4Scope
    /// In lower case, sorted, each once.
    package let signedNames: [String]
    /// 32 bytes.
    package let signature: [UInt8]

    /// Returns whether a field's value is of this scheme, or of one of its
    /// kin (`AWS4-…`), so that no other reading of it makes sense.
    package static func isMeant(by value: String) -> Bool {
        value.utf8.prefix(5).map { $0 | 0x20 }.elementsEqual("aws4-".utf8)
    }

    /// The most bytes of a field that is read.
    private static let limit = 8192

    package init(_ value: String) throws(SigV4Problem) {
        guard value.utf8.count <= Self.limit else {
            throw SigV4Problem(.incomplete, "The authorization field is longer than \(Self.limit) bytes.")
        }
        guard Self.isMeant(by: value) else {
            throw SigV4Problem(.missing, "The request has no signature: sign it with AWS signature version 4.")
        }
        let space = value.utf8.firstIndex(of: UInt8(ascii: " ")) ?? value.endIndex
        guard value[..<space] == sigV4Algorithm else {
            throw SigV4Problem(
                .unsupported,
                "Only the algorithm \(sigV4Algorithm) is supported: set the client to signature version 4.")
        }
        var parts: [String: Substring] = [:]
        for part in value[space...].utf8.split(separator: UInt8(ascii: ",")) {
            let text = Substring(part.drop { $0 == UInt8(ascii: " ") })
            let mark = text.utf8.firstIndex(of: UInt8(ascii: "=")) ?? text.endIndex
            guard mark != text.endIndex else { throw Self.misspelt }
            guard parts.updateValue(text[text.utf8.index(after: mark)...], forKey: String(text[..<mark])) == nil
            else { throw Self.misspelt }
        }
        guard parts.count == 3, let credential = parts["Credential"], let names = parts["SignedHeaders"],
            let signature = parts["Signature"]
        else { throw Self.misspelt }
        let scope = credential.split(separator: "/", omittingEmptySubsequences: false)
        guard scope.count == 5, scope.allSatisfy({ !$0.isEmpty }), scope[4] == SigV4Scope.end else {
            throw SigV4Problem(
                .incomplete, "Credential must be of the form <key id>/<date>/<region>/<service>/\(SigV4Scope.end).")
        }
        keyID = String(scope[0])
        self.scope = SigV4Scope(date: String(scope[1]), region: String(scope[2]), service: String(scope[3]))
        signedNames = names.split(separator: ";", omittingEmptySubsequences: false).map(String.init)
        guard zip(signedNames, signedNames.dropFirst()).allSatisfy({ $0.utf8.lexicographicallyPrecedes($1.utf8) }),
            signedNames.allSatisfy({ !$0.isEmpty && $0 == $0.lowercased() })
        else {
            throw SigV4Problem(.incomplete, "SignedHeaders must be in lower case, sorted, and name each field once.")
        }
        guard let bytes = Hex.decode(signature), bytes.count == 32 else {
            throw SigV4Problem(.incomplete, "Signature must be 64 small hexadecimal digits.")
        }
        self.signature = bytes
    }

    private static var misspelt: SigV4Problem {
        SigV4Problem(
            .incomplete, "The authorization field must have Credential, SignedHeaders and Signature, each once.")
    }
}
