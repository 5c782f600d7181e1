package import AWSSigning

/// The source of a credential, with all that has to be known to ask it.
package enum CredentialSource: Sendable, Hashable {
    /// The settings, or the environment.
    case fixed(AWSCredential)
    /// The keys of a profile in the shared files, which other programs may
    /// write anew.
    case profile(String, ProfileFiles)
    /// A program that prints a credential, and its arguments; no shell reads
    /// them.
    case process([String])
    /// A token of another identity provider, exchanged at STS.
    case webIdentity(WebIdentity)
    /// The container's own endpoint (ECS, EKS).
    case container(ContainerEndpoint)
    /// The instance's own endpoint (EC2), IMDSv2.
    case instance(CredentialURL)
}

/// A role that is taken with a token of another identity provider.
package struct WebIdentity: Sendable, Hashable {
    package var roleARN: String
    /// Read anew for each exchange: the token in it doesn't last.
    package var tokenFile: String
    package var sessionName: String
    /// The address of STS.
    package var endpoint: CredentialURL

    package init(roleARN: String, tokenFile: String, sessionName: String, endpoint: CredentialURL) {
        self.roleARN = roleARN
        self.tokenFile = tokenFile
        self.sessionName = sessionName
        self.endpoint = endpoint
    }
}

/// The address from which a container gets its credential.
package struct ContainerEndpoint: Sendable, Hashable {
    package var url: CredentialURL
    /// The token that the endpoint wants, where it wants one.
    package var token: Token?

    package enum Token: Sendable, Hashable {
        case value(String)
        /// Read anew for each request.
        case file(String)
    }

    package init(url: CredentialURL, token: Token? = nil) {
        self.url = url
        self.token = token
    }
}

/// A source that was chosen, and the identity that it stands for.
package struct ChosenCredentials: Sendable, Hashable {
    package var source: CredentialSource
    /// Tells two accounts apart, and stays the same when a key is renewed: a
    /// profile's name, a role's ARN, the id of a key that lasts.
    package var identity: String
    /// The source in messages: `profile work`.
    package var shown: String

    /// The seconds for which a credential without an end is kept: other
    /// programs write the shared files. Nil is for good.
    package var lasting: Int? {
        if case .profile = source { 60 } else { nil }
    }

    package init(_ source: CredentialSource, identity: String, shown: String) {
        self.source = source
        self.identity = identity
        self.shown = shown
    }
}
