package import AWSSigning

/// The choice of a source, as the settings say it.
package enum CredentialChoice: Sendable, Hashable {
    /// The first source that is configured, in the order of Amazon's own
    /// clients: the environment's key, its web identity, a profile of the
    /// shared files, the container's endpoint, the instance's.
    case usual
    case fixed(AWSCredential)
    case environment
    /// A profile of the shared files; nil for `AWS_PROFILE` or `default`.
    case profile(String?)
    case process([String])
    /// A part that is nil is looked up in the environment.
    case webIdentity(roleARN: String?, tokenFile: String?, sessionName: String?)
    case container
    case instance
}

/// The way from a choice to a source.
///
/// A source that is configured and wrong is an error: the next one would
/// belong to another account, as a rule.
package struct CredentialResolution {
    private let environment: [String: String]
    private let region: String
    private let files: ProfileFiles

    /// - Parameters:
    ///   - environment: The variables of this process.
    ///   - region: The provider's; STS is asked in the same.
    package init(environment: [String: String], region: String) {
        self.environment = environment
        self.region = region
        files = ProfileFiles(environment: environment)
    }

    private func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// - Throws: ``CredentialProblem`` where it is not configured, or wrong.
    package func resolve(_ choice: CredentialChoice) throws(CredentialProblem) -> ChosenCredentials {
        switch choice {
        case .usual: return try usual()
        case .fixed(let credential): return Self.fixed(credential, shown: "the settings")
        case .environment:
            guard let chosen = try ofEnvironment() else {
                throw CredentialProblem("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")
            }
            return chosen
        case .profile(let name):
            let name = name ?? variable("AWS_PROFILE") ?? "default"
            let profiles = try files.read()
            guard let profile = profiles[name] else {
                throw CredentialProblem("there is no profile \(name) in \(files.shown)")
            }
            return try self.profile(name, profile)
        case .process(let words):
            return ChosenCredentials(
                .process(words), identity: "process:" + words.joined(separator: "\u{0}"),
                shown: "the command \(words.first ?? "")")
        case .webIdentity(let role, let file, let session):
            return try webIdentity(role: role, file: file, session: session)
        case .container:
            guard let chosen = try ofContainer() else {
                throw CredentialProblem(
                    "neither AWS_CONTAINER_CREDENTIALS_FULL_URI nor AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is set")
            }
            return chosen
        case .instance: return try ofInstance()
        }
    }

    private func usual() throws(CredentialProblem) -> ChosenCredentials {
        if let chosen = try ofEnvironment() { return chosen }
        if variable("AWS_WEB_IDENTITY_TOKEN_FILE") != nil {
            return try webIdentity(role: nil, file: nil, session: nil)
        }
        if variable("AWS_PROFILE") != nil { return try resolve(.profile(nil)) }
        if let profile = try files.read()["default"], profile.hasCredential {
            return try self.profile("default", profile)
        }
        if let chosen = try ofContainer() { return chosen }
        guard environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() != "true" else {
            throw CredentialProblem(
                "no AWS credential is configured: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile, "
                    + "or give an api_key")
        }
        return try ofInstance()
    }

    // MARK: Sources

    private static func fixed(_ credential: AWSCredential, shown: String) -> ChosenCredentials {
        // The id of a temporary key is another one each hour.
        let identity = credential.sessionToken == nil ? "key:\(credential.keyID)" : shown
        return ChosenCredentials(.fixed(credential), identity: identity, shown: shown)
    }

    private func ofEnvironment() throws(CredentialProblem) -> ChosenCredentials? {
        let (id, secret) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"))
        if id == nil, secret == nil { return nil }
        guard let id, let secret else {
            throw CredentialProblem(
                "\(id == nil ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID") is set and "
                    + "\(id == nil ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY") is not: set both, or neither")
        }
        return Self.fixed(
            AWSCredential(keyID: id, secret: secret, sessionToken: variable("AWS_SESSION_TOKEN")),
            shown: "the environment")
    }

    private func profile(_ name: String, _ profile: SharedProfile) throws(CredentialProblem) -> ChosenCredentials {
        if let file = profile["web_identity_token_file"], profile["role_arn"] != nil {
            return try webIdentity(role: profile["role_arn"], file: file, session: profile["role_session_name"])
        }
        if let reason = profile.refusal { throw CredentialProblem(Self.refuse(name, reason)) }
        if profile["aws_access_key_id"] != nil {
            return ChosenCredentials(.profile(name, files), identity: "profile:\(name)", shown: "profile \(name)")
        }
        guard let command = profile["credential_process"] else {
            throw CredentialProblem(
                "profile \(name) of \(files.shown) has no aws_access_key_id and no credential_process")
        }
        guard let words = CommandWords.split(command), !words.isEmpty else {
            throw CredentialProblem("the credential_process of profile \(name) has a quote that doesn't end")
        }
        return ChosenCredentials(.process(words), identity: "profile:\(name)", shown: "profile \(name)")
    }

    private static func refuse(_ name: String, _ reason: String) -> String {
        "profile \(name) \(reason), which Holdfast leaves to Amazon's own client: write credentials: "
            + "{process: [aws, configure, export-credentials, --profile, \(name)]}"
    }

    private func webIdentity(
        role: String?, file: String?, session: String?
    ) throws(CredentialProblem) -> ChosenCredentials {
        guard let file = file ?? variable("AWS_WEB_IDENTITY_TOKEN_FILE") else {
            throw CredentialProblem("AWS_WEB_IDENTITY_TOKEN_FILE is not set")
        }
        guard let role = role ?? variable("AWS_ROLE_ARN") else {
            throw CredentialProblem("AWS_ROLE_ARN is not set, and a web identity takes the role of that name")
        }
        let address = variable("AWS_ENDPOINT_URL_STS") ?? "https://sts.\(region).\(AWSPartition.suffix(of: region))"
        let identity = WebIdentity(
            roleARN: role, tokenFile: file, sessionName: session ?? variable("AWS_ROLE_SESSION_NAME") ?? "holdfast",
            endpoint: try CredentialURL(address, from: "AWS_ENDPOINT_URL_STS"))
        return ChosenCredentials(.webIdentity(identity), identity: "role:\(role)", shown: "the role \(role)")
    }

    private func ofContainer() throws(CredentialProblem) -> ChosenCredentials? {
        let url: CredentialURL
        if let path = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            url = try CredentialURL("http://169.254.170.2" + path, from: "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        } else if let full = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            url = try CredentialURL(full, from: "AWS_CONTAINER_CREDENTIALS_FULL_URI")
        } else {
            return nil
        }
        let token: ContainerEndpoint.Token? =
            if let file = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
                .file(file)
            } else {
                variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").map { .value($0) }
            }
        return ChosenCredentials(
            .container(ContainerEndpoint(url: url, token: token)), identity: "container:\(url.text)",
            shown: "the container's endpoint")
    }

    private func ofInstance() throws(CredentialProblem) -> ChosenCredentials {
        let isIPv6 = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")?.lowercased() == "ipv6"
        let usual = isIPv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254"
        let url = try CredentialURL(
            variable("AWS_EC2_METADATA_SERVICE_ENDPOINT") ?? usual, from: "AWS_EC2_METADATA_SERVICE_ENDPOINT")
        return ChosenCredentials(.instance(url), identity: "instance", shown: "the instance's endpoint")
    }
}
