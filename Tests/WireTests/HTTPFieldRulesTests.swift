import Testing
import Wire

@Suite struct HTTPFieldRulesTests {
    @Test(arguments: [
        "authorization", "x-api-key", "cookie", "x-forwarded-for", "host", "content-length", "connection",
        "x-holdfast-anything", "anthropic-dangerous-direct-browser-access",
    ])
    func whatIsTheCallersStaysHere(_ name: String) {
        #expect(!HTTPFieldRules.isForwardedToProvider(name))
    }

    @Test(arguments: [
        "anthropic-version", "anthropic-beta", "anthropic-a-beta-of-tomorrow", "openai-beta", "openai-project",
        "idempotency-key", "x-stainless-helper-method", "x-app", "x-claude-code-session-id", "x-claude-code-agent-id",
        "x-claude-code-request-class", "session-id", "session_id", "thread-id", "conversation_id", "originator",
        "x-codex-beta-features", "x-codex-turn-state", "x-client-request-id", "x-openai-subagent",
        "chatgpt-account-id", "x-amzn-bedrock-guardrailidentifier", "x-amzn-bedrock-trace",
    ])
    func whatAnAPIOrAnAgentSaysGoesThrough_inWhateverCase(_ name: String) {
        #expect(HTTPFieldRules.isForwardedToProvider(name))
        #expect(HTTPFieldRules.mayBeForwarded(name))
        #expect(HTTPFieldRules.mayBeForwarded(name.uppercased()))
    }

    @Test(arguments: [
        "x-openai-internal-codex-residency", "x-holdfast-key", "x-holdfast-session", "x-amz-date",
        "x-amz-security-token",
    ])
    func whatChoosesBesideAProvidersSettingsStaysHere(_ name: String) {
        #expect(!HTTPFieldRules.isForwardedToProvider(name))
    }

    @Test(arguments: [
        "set-cookie", "server", "transfer-encoding", "content-encoding", "x-request-id", "request-id", "cf-ray",
    ])
    func whatIsTheProvidersStaysThere(_ name: String) {
        #expect(!HTTPFieldRules.isReturnedToCaller(name))
    }

    @Test(arguments: [
        "retry-after", "retry-after-ms", "x-should-retry", "x-ratelimit-remaining-tokens",
        "anthropic-ratelimit-requests-reset", "anthropic-ratelimit-unified-status", "x-codex-turn-state",
        "x-models-etag", "x-reasoning-included", "openai-processing-ms", "openai-version", "openai-organization",
        "anthropic-organization-id", "deprecation", "sunset", "link", "warning",
    ])
    func whatHelpsTheCallerComesBack(_ name: String) {
        #expect(HTTPFieldRules.isReturnedToCaller(name))
    }

    @Test(arguments: [
        "connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-authorization",
    ])
    func aConnectionsFieldsEndWithIt(_ name: String) {
        #expect(HTTPFieldRules.isHopByHop(name))
    }

    @Test(arguments: [
        ("a\r\nb: c", false), ("a\nb", false), ("a\u{0}", false), ("a\u{7F}", false), ("", true), ("a b\tc", true),
        ("grüße", true),
    ])
    func noValueStartsAnotherField(_ value: String, _ isValid: Bool) {
        #expect(HTTPFieldRules.isValidValue(value) == isValid)
    }

    @Test(arguments: [("", false), ("a b", false), ("a:", false), ("a\r", false), ("é", false), ("x-Api_key~1", true)])
    func aNameIsAToken(_ name: String, _ isValid: Bool) {
        #expect(HTTPFieldRules.isValidName(name) == isValid)
    }
}
