import Conversation
import Documented
import Routing
import Settings
import Testing

private func server(_ more: String, at url: String = "https://models.example") -> (ServerSettings?, [String]) {
    let reading = read(
        """
        providers:
          p:
            dialect: openai
            base_url: \(url)
        \(more.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n"))
        """)
    guard case .remote(let remote)? = reading.settings?.providers.first?.kind else {
        return (nil, reading.errors.map(\.message))
    }
    return (remote.server, reading.errors.map(\.message))
}

@Suite struct ServerSettingsTests {
    @Test func anAddressTellsTheFlavour() {
        #expect(server("", at: "https://api.mistral.ai/v1").0?.flavour == .mistral)
        #expect(server("").0 == ServerSettings())
        #expect(server("flavour: deepseek").0?.traits == Flavour.deepseek.traits)
        #expect(server("flavour: compatible").0?.isKnown == true)
        #expect(server("", at: "http://127.0.0.1:11434/v1").0?.flavour == .ollama)
    }

    @Test func traitsGoBeforeTheFlavour() throws {
        let server = try #require(
            server(
                """
                flavour: openai
                traits:
                  token_limit: max_tokens
                  max_tokens: 4096
                  developer_role: false
                  later_instructions: false
                  stream_options: false
                  reasoning_content: true
                  json_schema: false
                  sampling: false
                  call_ids: mistral
                  leave_out: [seed, user]
                """
            ).0)
        #expect(server.flavour == .openai && server.isKnown)
        #expect(server.traits.tokenLimit == .maxTokens && server.traits.longestAnswer("gpt-4o") == 4096)
        #expect(!server.traits.takesDeveloperRole && !server.traits.takesLaterInstructions)
        #expect(!server.traits.takesStreamOptions && server.traits.takesThinkingBack && !server.traits.takesJSONSchema)
        #expect(!server.traits.takesSampling("gpt-4o") && server.traits.callIDs == .mistral)
        #expect(server.traits.leftOut == ["seed", "user"])
    }

    /// Every trait, with a value that the flavour `compatible` doesn't have.
    private static let traits = [
        ("token_limit", "max_completion_tokens"), ("max_tokens", "4096"), ("developer_role", "true"),
        ("later_instructions", "true"), ("stream_options", "false"), ("reasoning_content", "true"),
        ("json_schema", "false"), ("sampling", "false"), ("call_ids", "openai"), ("call_ids", "anthropic"),
        ("call_ids", "mistral"), ("leave_out", "[seed, user]"),
    ]

    @Test(arguments: traits) func aTraitAloneChangesTheServer(_ name: String, _ value: String) {
        let (server, errors) = server("traits:\n  \(name): \(value)")
        #expect(errors.isEmpty && server?.traits != Flavour.compatible.traits && server?.isKnown == true)
    }

    @Test func everyTraitOfThePageIsTested() throws {
        let named = Set(
            try DocumentedPage("configuration").list(after: "**Traits** of a server").flatMap(\.memberNames))
        // Values, and a member of requests.
        let others: Set = ["max_completion_tokens", "any", "openai", "anthropic", "mistral", "false", "temperature"]
        #expect(named.subtracting(others) == Set(Self.traits.map(\.0)))
    }

    @Test(arguments: [
        ("flavour: mistal", "flavour"), ("traits: [x]", "traits"), ("traits:\n  tokens: 1", "tokens"),
        ("traits:\n  token_limit: tokens", "token_limit"), ("traits:\n  max_tokens: 0", "max_tokens"),
        ("traits:\n  leave_out: [messages]", "messages"), ("traits:\n  sampling: maybe", "sampling"),
    ])
    func whatIsWrongIsNamed(_ more: String, _ word: String) {
        let (_, errors) = server(more)
        #expect(errors.count == 1 && errors[0].contains(word), "\(errors)")
    }

    @Test func onlyServersOfThatFormatHaveOne() {
        let reading = read(
            "providers: { a: { dialect: anthropic, base_url: 'https://a.example', flavour: openai } }")
        #expect(reading.errors.map(\.message).contains { $0.contains("flavour") })
    }

    @Test func aRouteHasOtherNames() {
        let reading = read(
            """
            providers: { a: { dialect: openai, base_url: 'https://a.example' } }
            routes:
              claude-*: assistant
              fast: assistant
              assistant: { candidates: [{ provider: a, model: m }] }
            """)
        #expect(reading.errors.isEmpty, "\(reading.errors)")
        #expect(reading.settings?.aliases.map(\.pattern) == ["claude-*", "fast"])
        #expect(reading.settings?.routes.map(\.name) == ["assistant"])
        let wrong = read(
            """
            providers: { a: { dialect: openai, base_url: 'https://a.example' } }
            routes:
              claude-*: asistant
              assistant: { candidates: [{ provider: a, model: m }] }
            """)
        #expect(wrong.errors.count == 1 && wrong.errors[0].message.contains("did you mean \"assistant\"?"))
    }
}

/// `responses` and `dialect: responses`: which providers speak OpenAI's Responses.
@Suite struct ResponsesSettingsTests {
    private func remote(_ more: String, at url: String, dialect: String = "openai") -> (RemoteProvider?, [String]) {
        let reading = read(
            """
            providers:
              p:
                dialect: \(dialect)
                base_url: \(url)
                \(more)
            """)
        guard case .remote(let remote)? = reading.settings?.providers.first?.kind else {
            return (nil, reading.errors.map(\.message))
        }
        return (remote, [])
    }

    @Test(arguments: [
        ("https://api.openai.com/v1", "", true), ("https://x.openai.azure.com/openai/v1", "", true),
        ("https://models.example/v1", "", false), ("https://api.mistral.ai/v1", "", false),
        ("https://models.example/v1", "responses: true", true),
        ("https://api.openai.com/v1", "responses: false", false),
        // A flavour says how requests are written, not what else there is.
        ("https://models.example/v1", "flavour: openai", false),
    ]) func itIsSaidOrKnownFromTheAddress(_ url: String, _ more: String, _ speaks: Bool) {
        #expect(remote(more, at: url).0?.speaksResponses == speaks)
    }

    @Test func aProviderMaySpeakNothingElse() {
        let (remote, errors) = remote("flavour: openai", at: "https://models.example/v1", dialect: "responses")
        #expect(errors.isEmpty && remote?.dialect == .responses && remote?.server.flavour == .openai)
        #expect(remote?.speaksResponses == false)
    }

    @Test(arguments: [
        ("anthropic", "responses: true", "does not go with dialect anthropic: it is OpenAI's"),
        ("responses", "responses: true", "does not go with dialect responses, which speaks nothing else"),
        ("openai", "responses: maybe", "must be true or false"),
    ]) func whatDoesNotGoTogetherIsRefused(_ dialect: String, _ more: String, _ words: String) {
        let errors = remote(more, at: "https://models.example/v1", dialect: dialect).1
        #expect(errors.count == 1 && errors[0].contains("providers.p.responses \(words)"), "\(errors)")
    }
}
