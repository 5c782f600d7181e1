import Settings
import Testing

@Suite struct CallerCredentialShapeTests {
    private func file(_ own: String, more: String = "", routes: String = "") -> String {
        """
        providers:
          own:
            dialect: anthropic
            base_url: https://api.anthropic.com
        \(own.split(separator: "\n").map { "    \($0)\n" }.joined())\(more)
        routes:
          r:
            candidates:
              - {provider: own, model: m}
        \(routes)
        """
    }

    private func provider(_ own: String) throws -> ProviderSettings {
        try #require(read(file(own)).settings?.providers.first)
    }

    @Test func aProvidersCredentialIsTheSettings_unlessTheySayOtherwise() throws {
        for own in ["", "credential: settings"] {
            let provider = try provider(own)
            guard case .remote(let remote) = provider.kind else { return }
            #expect(!remote.usesCallersCredential && provider.probes && provider.modelList != nil)
        }
    }

    @Test(arguments: ["credential: caller", "credential: caller\nprobes: off\nmodel_list: off"])
    func withTheCallersOwnNothingIsAskedWithoutACaller(_ own: String) throws {
        let provider = try provider(own)
        guard case .remote(let remote) = provider.kind else { return }
        #expect(remote.usesCallersCredential && !provider.probes && provider.modelList == nil)
    }

    @Test(arguments: [
        ("credential: mine", "credential must be settings or caller"),
        ("credential: caller\napi_key: sk-1", "api_key does not go with credential: caller; leave one of them out"),
        (
            "credential: caller\nheaders: {Authorization: Bearer x}",
            "headers may not have Authorization beside credential: caller; leave one of them out"
        ),
        (
            "credential: caller\nheaders: {X-Api-Key: x}",
            "headers may not have X-Api-Key beside credential: caller; leave one of them out"
        ),
        (
            "credential: caller\nprobes: on",
            "probes must be off with credential: caller: nothing is asked without a caller's credential"
        ),
        (
            "credential: caller\nmodel_list: 1h",
            "model_list must be off with credential: caller: nothing is asked without a caller's credential"
        ),
    ]) func whatWouldBeASecondCredentialIsRefused(_ own: String, _ words: String) {
        #expect(problems(file(own)).contains { $0.contains(words) }, "\(problems(file(own)))")
    }

    @Test func anEngineHasNoCredentialOfCallers() {
        let text = """
            providers:
              own:
                dialect: engine
                model_file: /nowhere.gguf
                credential: caller
            """
        #expect(problems(text).contains { $0.contains("credential does not go with dialect engine") })
    }

    @Test func aRouteHasOneProviderForIt() {
        let another = """
              other:
                dialect: openai
                base_url: https://api.example.com/v1
                credential: caller
              plain:
                dialect: openai
                base_url: https://api.example.com/v1
            """
        let more = another.split(separator: "\n").map { "\($0)\n" }.joined()
        let both = problems(
            file(
                "credential: caller", more: more,
                routes: "      - {provider: other, model: m}\n      - {provider: plain, model: m}"))
        #expect(both.contains { $0.contains("more than one provider with credential: caller (own, other)") }, "\(both)")
        let one = file(
            "credential: caller", more: more,
            routes: "      - {provider: own, model: n}\n      - {provider: plain, model: m}")
        #expect(problems(one).isEmpty, "\(problems(one))")
    }

    @Test func whoSendsThemInClearIsWarned() {
        let text = file("credential: caller").replacing("https://api.anthropic.com", with: "http://api.example.com")
        #expect(
            problems(text).contains { $0.contains("its callers' own credentials and every prompt cross the network") })
    }
}
