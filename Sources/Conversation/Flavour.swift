/// The server behind a provider that speaks OpenAI's format.
///
/// Servers of this format agree on most of it. In what they differ is told by
/// ``ServerTraits``; a flavour is a preset of them.
package enum Flavour: String, Sendable, Hashable, CaseIterable {
    /// A server that nothing is known of: what nearly all of them take.
    case compatible
    case openai, azure, deepseek, mistral, kimi, qwen, zai, minimax, xai, gemini, groq, together, fireworks, openrouter
    case cerebras, nvidia, vllm, sglang, ollama, lmstudio, llamacpp, litellm

    /// The flavour of a well-known address.
    /// - Parameter host: a host's name or address, in any case.
    package init(host: String, port: Int) {
        let host = host.lowercased()
        let known = Self.hosts.first { host == $0.0 || host.hasSuffix("." + $0.0) }?.1
        // The port that Ollama has everywhere.
        self = known ?? (port == 11434 ? .ollama : .compatible)
    }

    private static let hosts: [(String, Flavour)] = [
        ("api.openai.com", .openai), ("openai.azure.com", .azure), ("services.ai.azure.com", .azure),
        ("cognitiveservices.azure.com", .azure), ("api.deepseek.com", .deepseek), ("api.mistral.ai", .mistral),
        ("moonshot.ai", .kimi), ("moonshot.cn", .kimi), ("api.kimi.com", .kimi), ("dashscope.aliyuncs.com", .qwen),
        ("dashscope-intl.aliyuncs.com", .qwen), ("api.z.ai", .zai), ("bigmodel.cn", .zai), ("minimax.io", .minimax),
        ("minimaxi.com", .minimax), ("api.x.ai", .xai), ("generativelanguage.googleapis.com", .gemini),
        ("api.groq.com", .groq), ("api.together.xyz", .together), ("api.together.ai", .together),
        ("api.fireworks.ai", .fireworks), ("openrouter.ai", .openrouter), ("api.cerebras.ai", .cerebras),
        ("integrate.api.nvidia.com", .nvidia),
    ]

    package var traits: ServerTraits {
        var traits = ServerTraits()
        switch self {
        case .openai, .azure:
            traits.tokenLimit = .maxCompletionTokens
            traits.takesDeveloperRole = true
            traits.takesLaterInstructions = true
            traits.longestAnswers = [
                "gpt-3.5": 4096, "gpt-4-turbo": 4096, "gpt-4o": 16_384, "gpt-4.1": 32_768, "o1": 100_000, "o3": 100_000,
                "o4": 100_000, "gpt-5": 128_000,
            ]
            traits.callIDs = .openAI
            traits.withoutSampling = ["o1", "o3", "o4", "gpt-5"]
        case .deepseek:
            traits.takesThinkingBack = true
            traits.takesLaterInstructions = true
            traits.takesJSONSchema = false
            traits.longestAnswers = ["deepseek-chat": 8192, "deepseek-reasoner": 65_536]
            traits.leftOut = ["reasoning_effort", "user", "parallel_tool_calls", "seed"]
        case .kimi:
            traits.takesThinkingBack = true
            traits.leftOut = ["reasoning_effort", "user", "parallel_tool_calls", "seed"]
        case .zai, .minimax:
            traits.takesThinkingBack = true
            traits.leftOut = ["reasoning_effort", "parallel_tool_calls", "seed"]
        case .mistral:
            traits.callIDs = .mistral
            traits.takesStreamOptions = false
            traits.leftOut = ["reasoning_effort", "user", "seed", "name", "logit_bias"]
        case .xai:
            traits.takesDeveloperRole = true
            traits.takesLaterInstructions = true
            traits.leftOut = ["presence_penalty", "frequency_penalty", "stop"]
        case .gemini: traits.leftOut = ["seed", "logit_bias", "user", "name", "frequency_penalty", "presence_penalty"]
        case .groq, .cerebras:
            traits.tokenLimit = .maxCompletionTokens
            traits.leftOut = ["logit_bias"]
        case .openrouter, .litellm:
            traits.takesDeveloperRole = true
            traits.takesLaterInstructions = true
        case .compatible, .qwen, .together, .fireworks, .nvidia, .vllm, .sglang, .ollama, .lmstudio, .llamacpp: break
        }
        return traits
    }
}

/// The member that says how many tokens may be generated. OpenAI's newer
/// models know only the second name, many compatible servers only the first.
package enum TokenLimitField: String, Sendable, Hashable, CaseIterable {
    case maxTokens = "max_tokens"
    case maxCompletionTokens = "max_completion_tokens"
}

/// In what the servers that speak OpenAI's format differ, as far as requests
/// are concerned.
package struct ServerTraits: Sendable, Hashable {
    package var tokenLimit = TokenLimitField.maxTokens
    /// Knows `developer` apart from `system`.
    package var takesDeveloperRole = false
    /// Takes instructions in the middle of a conversation. Otherwise they are
    /// told in the user's turn before them: templates of many models refuse
    /// them there.
    package var takesLaterInstructions = false
    /// Knows `stream_options`; without it a stream says what it cost by
    /// itself, or not at all.
    package var takesStreamOptions = true
    /// Wants an assistant's thinking back, as `reasoning_content`.
    package var takesThinkingBack = false
    /// Knows `response_format` of the type `json_schema`. Otherwise the schema
    /// is put into words, beside `json_object`.
    package var takesJSONSchema = true
    /// The tool-call ids that it takes.
    package var callIDs = CallIDForm.free
    /// Prefixes of models that refuse `temperature` and its like.
    package var withoutSampling: [String] = []
    /// The most tokens that an answer may have, by a model's prefix: more is
    /// refused. The longest prefix counts, and the empty one is every model's.
    package var longestAnswers: [String: Int] = [:]
    /// Members that it refuses, and that are wishes: left out and named.
    package var leftOut: Set<String> = []

    package init() {}

    /// The longest `user`, in characters; OpenAI's own limit.
    package static let longestUser = 64

    /// The words of `reasoning_effort`, and the nearest for others.
    package static func effort(_ word: String) -> String? {
        switch word {
        case "none", "minimal", "low", "medium", "high", "xhigh": word
        case "max": "xhigh"
        default: nil
        }
    }

    package func takesSampling(_ model: String) -> Bool { !withoutSampling.contains { Self.isOf($0, model) } }

    /// The most tokens that an answer of the model may have; nil where that
    /// isn't known.
    package func longestAnswer(_ model: String) -> Int? {
        longestAnswers.filter { Self.isOf($0.key, model) }.max { $0.key.utf8.count < $1.key.utf8.count }?.value
    }

    /// Returns whether a model's name is the prefix, or begins with it as a
    /// word.
    private static func isOf(_ prefix: String, _ model: String) -> Bool {
        guard !prefix.isEmpty else { return true }
        // A host may name the maker before it.
        let name =
            model.utf8.lastIndex(of: UInt8(ascii: "/")).map { model[model.utf8.index(after: $0)...] } ?? model[...]
        guard name.utf8.starts(with: prefix.utf8) else { return false }
        let next = name.utf8.dropFirst(prefix.utf8.count).first
        return next == nil || next == UInt8(ascii: "-") || next == UInt8(ascii: ".")
    }
}
