/// `aws_region`, `credentials` and `control_url` of a provider with
/// `dialect: bedrock`.
package struct CloudSettings: Sendable, Hashable {
    /// `aws_region`, or else `region`, or the variables that Amazon's own
    /// clients read.
    package var region: String
    /// `credentials`; nil where a key is the credential (`api_key`).
    package var credentials: CloudCredentialSettings?
    /// `control_url`: the address of the list of models; nil where it isn't
    /// known.
    package var controlURL: BaseURL?
    /// The variables from which Amazon's own clients take a credential, as they
    /// were when the file was read.
    package var environment: [String: Secret]

    package init(region: String, environment: [String: Secret] = [:]) {
        self.region = region
        self.environment = environment
    }

    /// Returns whether a variable says anything of a credential.
    package static func isOfCredential(_ variable: String) -> Bool {
        variable == "HOME" || variable.hasPrefix("AWS_")
    }
}

/// `credentials`: the source of an AWS credential.
package enum CloudCredentialSettings: Sendable, Hashable {
    /// None is named: the first that is configured, as in Amazon's own clients.
    case usual
    /// `{access_key_id:, secret_access_key:, session_token:}`
    case keys(id: Secret, secret: Secret, sessionToken: Secret?)
    /// `environment`
    case environment
    /// `{profile:}`
    case profile(String)
    /// `{process:}`: a program and its arguments.
    case process([String])
    /// `web_identity`, or `{web_identity: {role_arn:, token_file:, session_name:}}`;
    /// what is nil is in the environment.
    case webIdentity(roleARN: String?, tokenFile: String?, sessionName: String?)
    /// `container`
    case container
    /// `instance`
    case instance
}
