import Failures
import Settings

/// The secrets that a provider is sent, of which no caller may ever see any part.
enum ProviderSecrets {
    /// Fields that tell a provider something and guard nothing.
    private static let harmless: Set<String> = [
        "openai-project", "openai-organization", "openai-beta", "anthropic-beta", "anthropic-version", "user-agent",
        "accept", "accept-language", "accept-encoding", "content-type", "http-referer", "referer", "x-title", "origin",
    ]

    static func mask(_ remote: RemoteProvider) -> SecretMask {
        var secrets = remote.headers.filter { !harmless.contains($0.name.lowercased()) }.map { $0.value.reveal() }
        if let key = remote.apiKey { secrets.append(key.reveal()) }
        if case .keys(_, let secret, let token) = remote.cloud?.credentials {
            secrets.append(secret.reveal())
            if let token { secrets.append(token.reveal()) }
        }
        for name in ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
            if let secret = remote.cloud?.environment[name] { secrets.append(secret.reveal()) }
        }
        if let credentials = remote.proxy?.credentials { secrets.append(credentials.reveal()) }
        return SecretMask(secrets)
    }
}
