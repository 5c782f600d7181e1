import AWSSigning
import Files

/// The places of the files that Amazon's clients share.
package struct ProfileFiles: Sendable, Hashable {
    package let config: String
    package let credentials: String

    /// - Parameter environment: Of this process: `AWS_CONFIG_FILE`,
    ///   `AWS_SHARED_CREDENTIALS_FILE`, `HOME`.
    package init(environment: [String: String]) {
        let home = environment["HOME"] ?? ""
        func path(_ variable: String, _ usual: String) -> String {
            guard let given = environment[variable], !given.isEmpty else { return home + usual }
            return given.hasPrefix("~/") ? home + given.dropFirst() : given
        }
        config = path("AWS_CONFIG_FILE", "/.aws/config")
        credentials = path("AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials")
    }

    package var shown: String { "\(config) or \(credentials)" }

    /// Of either file; they hold a few lines.
    private static let limit = 1 << 20

    /// Reads both files; one that isn't there has no profiles.
    package func read() throws(CredentialProblem) -> SharedProfiles {
        var profiles = SharedProfiles()
        for (path, kind) in [(config, SharedProfiles.Kind.config), (credentials, .credentials)] {
            let bytes: [UInt8]
            do throws(FileFault) {
                bytes = try WholeFile.readAll(path, limit: Self.limit)
            } catch {
                if error.isMissing { continue }
                throw CredentialProblem("\(path) can't be read: \(error.reason)")
            }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw CredentialProblem("\(path) is not text in UTF-8")
            }
            try profiles.read(text, kind, path: path)
        }
        return profiles
    }

    /// The keys that a profile has now.
    func credential(of name: String) throws(CredentialProblem) -> AWSCredential {
        guard let profile = try read()[name] else { throw CredentialProblem("there is no profile \(name) in \(shown)") }
        guard let id = profile["aws_access_key_id"] else {
            throw CredentialProblem("profile \(name) has no aws_access_key_id any more")
        }
        guard let secret = profile["aws_secret_access_key"] else {
            throw CredentialProblem("profile \(name) has an aws_access_key_id and no aws_secret_access_key")
        }
        return AWSCredential(
            keyID: id, secret: secret, sessionToken: profile["aws_session_token"] ?? profile["aws_security_token"])
    }
}
