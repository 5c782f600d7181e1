import Settings
import Testing

/// Tests of the limits for callers, and of the web pages that may call.
@Suite struct EdgeSettingsTests {
    @Test func limitsAndOriginsAreRead() throws {
        let settings = try #require(
            read(
                """
                keys: none
                hosts: [box.lan, holdfast.internal]
                cors: { origins: [https://app.example.com, "http://localhost:3000"] }
                limits: { unread_answers: 64MiB, minimum_rate: 512B, continuation: 1MiB }
                """
            ).settings)
        #expect(settings.hosts == ["box.lan", "holdfast.internal"])
        #expect(settings.origins == ["https://app.example.com", "http://localhost:3000"])
        #expect(settings.limits.unreadAnswers == 64 << 20)
        #expect(settings.limits.minimumRate == 512)
        #expect(settings.limits.continuation == 1 << 20)
        let plain = try #require(read("listen: 127.0.0.1:1").settings)
        #expect(plain.hosts.isEmpty && plain.origins.isEmpty)
        #expect(plain.limits.unreadAnswers == 256 << 20 && plain.limits.minimumRate == 1024)
        #expect(plain.limits.continuation == 4 << 20)
    }

    @Test(arguments: [
        ("cors: { origins: [\"*\"] }", "every page"), ("cors: { origins: [app.example.com] }", "no scheme"),
        ("cors: { origins: [https://a/b] }", "no host"), ("cors: { origins: [\"https://a:b\"] }", "port"),
        ("cors: { origins: [\"null\"] }", "many pages"), ("cors: { origin: [https://a] }", "did you mean \"origins\""),
        ("hosts: [\"https://a\"]", "no host name"), ("hosts: [\"a:80\"]", "without scheme and port"),
        ("limits: { unread_answers: 1KiB }", "1MiB or more"), ("limits: { minimum_rate: 2MiB }", "1MiB, in a second"),
        ("limits: { continuation: 1 }", "1KiB or more"), ("limits: { unread_answer: 1GiB }", "unread_answers"),
    ])
    func whatIsWrongIsSaid(_ text: String, _ complaint: String) {
        let found = problems(text)
        #expect(found.count == 1 && found[0].contains(complaint), "\(found)")
    }
}
