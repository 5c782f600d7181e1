import Settings
import Testing

@Suite struct ValueTests {
    @Test(arguments: [
        ("127.0.0.1:8080", "127.0.0.1", 8080, true), ("127.9.9.9:1", "127.9.9.9", 1, true),
        ("localhost:0", "localhost", 0, true), ("LOCALHOST:1", "LOCALHOST", 1, true), ("[::1]:8080", "::1", 8080, true),
        ("[::ffff:127.0.0.1]:1", "::ffff:127.0.0.1", 1, true), ("0.0.0.0:80", "0.0.0.0", 80, false),
        ("[::]:80", "::", 80, false), ("10.0.0.1:65535", "10.0.0.1", 65535, false),
        ("localhost.example.com:1", "localhost.example.com", 1, false),
        ("127.0.0.1.example:1", "127.0.0.1.example", 1, false),
        ("127.0.0:1", "127.0.0", 1, false),
    ])
    func addressesAreReadAndLoopbackIsTold(text: String, host: String, port: Int, isLoopback: Bool) {
        let address = ListenAddress(text)
        #expect(address == ListenAddress(host: host, port: port))
        #expect(address?.isLoopback == isLoopback)
        #expect(address?.description == text)
    }

    @Test(arguments: [
        "", "8080", ":8080", "localhost", "localhost:", "localhost:65536", "localhost:-1", "localhost:+1",
        "localhost:8o",
        "::1:8080", "[::1]", "[localhost]:1", "http://localhost:1", "*:80", "a b:1", "localhost:99999999999999999999",
    ])
    func whatIsNoAddressIsRefused(text: String) {
        #expect(ListenAddress(text) == nil)
    }

    @Test(arguments: [
        ("https://a.example", "https://a.example", "a.example", 443, ""),
        ("https://a.example/", "https://a.example", "a.example", 443, ""),
        ("http://a.example:80/v1/", "http://a.example/v1", "a.example", 80, "/v1"),
        ("https://[2001:db8::1]/x", "https://[2001:db8::1]/x", "2001:db8::1", 443, "/x"),
        ("http://[::1]:9000", "http://[::1]:9000", "::1", 9000, ""),
    ])
    func baseURLsAreTakenApart(text: String, normal: String, host: String, port: Int, path: String) throws {
        let url = try BaseURL(text)
        #expect(url.text == normal)
        #expect(url.host == host && url.port == port && url.path == path)
    }

    @Test(arguments: [
        ("", BaseURL.Refusal.scheme), ("a.example", .scheme), ("ftp://a", .scheme), ("https://a?x", .query),
        ("https://a#x", .query), ("https://u@a", .credentials), ("https://", .host), ("https:///v1", .host),
        ("https://a:0", .host), ("https://a:x", .host), ("https://a b", .host), ("https://a/b c", .host),
    ])
    func whatIsNoBaseURLIsRefused(text: String, refusal: BaseURL.Refusal) {
        #expect(throws: refusal) { try BaseURL(text) }
    }

    @Test(arguments: [
        ("500ms", 500), ("10s", 10_000), ("1.5s", 1500), ("2m", 120_000), ("1h", 3_600_000), ("30d", 2_592_000_000),
        ("0s", 0),
    ])
    func timesAreRead(text: String, milliseconds: Int) {
        #expect(Duration(written: text) == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        "", "10", "s", "-1s", "1e9s", "0x1s", "infs", "nans", "1.s", ".5s", "1..5s", "10 s", "10sec", "999999999s",
    ])
    func whatIsNoTimeIsRefused(text: String) {
        #expect(Duration(written: text) == nil)
    }

    @Test(arguments: [
        ("0", 0), ("1024", 1024), ("64KiB", 65536), ("32MiB", 33_554_432), ("1.5 GiB", 1_610_612_736),
        ("10MB", 10_000_000), ("5B", 5),
    ])
    func sizesAreRead(text: String, bytes: Int) {
        #expect(bytesWritten(text) == bytes)
    }

    @Test(arguments: ["", "MiB", "-1", "1e9", "32mib", "32 M", "99999999999GiB"])
    func whatIsNoSizeIsRefused(text: String) {
        #expect(bytesWritten(text) == nil)
    }

    @Test(arguments: [
        ("a", "a"), ("${A}", "1"), ("x${A}y${A}", "x1y1"), ("$$", "$"), ("$${A}", "${A}"), ("$$$${A}", "$${A}"),
        ("$A", "$A"), ("5$", "5$"), ("${E:-d}", "d"), ("${N:-}", ""), ("${N:-a, b: c}", "a, b: c"), ("${A:-d}", "1"),
        ("$$$${A}${A}", "$${A}1"),
    ])
    func referencesAreReplaced(text: String, value: String) {
        let environment = ["A": "1", "E": ""]
        #expect(References.expand(text, environment: environment).value == value)
        let hidden = References.hide(in: text)
        #expect(hidden.unicodeScalars.count == text.unicodeScalars.count)
        #expect(References.show(hidden) == text)
        #expect(References.expand(hidden, environment: environment).value == value)
    }

    @Test func referencesInsideFlowMappingsDoNotEndThem() {
        let text = "providers: {p: {dialect: openai, base_url: https://x, headers: {a: ${X:-, }, b: $${y}, c: $$}}}"
        guard case .remote(let remote) = read(text).settings?.providers.first?.kind else {
            return #expect(Bool(false), "\(problems(text))")
        }
        #expect(remote.headers.map { $0.value.reveal() } == [", ", "${y}", "$"])
    }

    @Test(arguments: [
        "a: 'it''s *fine'", "a: b *c", "a: \"&x\"", "# &x", "a: |\n  &x\n  *y\n\n  !z", "a: [b*c, d&e]", "a: b&c\n",
        "- |\n  *x",
    ])
    func whatOnlyLooksLikeAnAliasIsLeftAlone(text: String) {
        #expect(Screen.findings(in: text, hidden: text).isEmpty)
    }

    @Test(arguments: [
        "a: *x", "*x", "- *x", "[*x]", "{a: *x}", "{*x : a}", "a: [b, *x]", "a:\n  *x", "- - *x", "? *x",
        "a: |\n  text\nb: *x", "'a': *x", "- a: |\n    t\n  b: *x",
    ])
    func anAliasIsFoundWhereverAValueMayStart(text: String) {
        #expect(Screen.findings(in: text, hidden: text).count == 1)
    }
}
