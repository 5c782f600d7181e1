import Conversation

/// Reads `flavour` and `traits` of a provider: in what its server differs from
/// others of OpenAI's format.
struct ServerReader {
    static let keys = ["flavour", "traits"]
    private static let traits = [
        "token_limit", "developer_role", "stream_options", "reasoning_content", "json_schema", "sampling", "leave_out",
        "call_ids", "later_instructions", "max_tokens",
    ]
    /// Members that are wishes, so that leaving them out changes no question.
    private static let wishes = [
        "frequency_penalty", "logit_bias", "name", "parallel_tool_calls", "presence_penalty", "reasoning_effort",
        "seed",
        "temperature", "top_p", "user",
    ]

    let section: Section
    let dialect: ProviderDialect

    func read(_ baseURL: BaseURL) -> ServerSettings {
        var server = ServerSettings()
        guard dialect.hasFlavours else {
            for key in Self.keys where section.node(key) != nil {
                section.error(
                    key, "does not go with dialect \(dialect.rawValue): it tells servers of OpenAI's format apart")
            }
            return server
        }
        let given: Flavour? = section.choice("flavour")
        server.flavour = given ?? Flavour(host: baseURL.host, port: baseURL.port)
        server.traits = server.flavour.traits
        server.isKnown = given != nil || server.flavour != .compatible
        guard let traits = section.section("traits", keys: Self.traits) else { return server }
        server.isKnown = true
        if let name: TokenLimitField = traits.choice("token_limit") { server.traits.tokenLimit = name }
        if let takes = traits.flag("developer_role") { server.traits.takesDeveloperRole = takes }
        if let takes = traits.flag("stream_options") { server.traits.takesStreamOptions = takes }
        if let takes = traits.flag("reasoning_content") { server.traits.takesThinkingBack = takes }
        if let takes = traits.flag("json_schema") { server.traits.takesJSONSchema = takes }
        if let takes = traits.flag("later_instructions") { server.traits.takesLaterInstructions = takes }
        if let most = traits.integer("max_tokens", in: 1...100_000_000) { server.traits.longestAnswers = ["": most] }
        if let form: CallIDs = traits.choice("call_ids") { server.traits.callIDs = form.form }
        if let takes = traits.flag("sampling") {
            // The empty prefix is every model's.
            server.traits.withoutSampling = takes ? [] : [""]
        }
        if let names = traits.list("leave_out")?.map(\.value) {
            for name in names where !Self.wishes.contains(name) {
                traits.error("leave_out", "has \(quoted(name)); it may list \(Self.wishes.joined(separator: ", "))")
            }
            server.traits.leftOut = Set(names)
        }
        return server
    }
}

/// `traits.call_ids`: the tool-call ids that a server takes.
private enum CallIDs: String, CaseIterable {
    case any, openai, anthropic, mistral

    var form: CallIDForm {
        switch self {
        case .any: .free
        case .openai: .openAI
        case .anthropic: .anthropic
        case .mistral: .mistral
        }
    }
}
