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
        "set-cookie", "server", "transfer-encoding", "content-encoding", "x-request-id", "request-id", "cf-ray",
    ])
    func whatIsTheProvidersStaysThere(_ name: String) {
        #expect(!HTTPFieldRules.isReturnedToCaller(name))
    }

    @Test(arguments: [
        "retry-after", "retry-after-ms", "x-should-retry", "x-ratelimit-remaining-tokens",
        "anthropic-ratelimit-requests-reset",
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
