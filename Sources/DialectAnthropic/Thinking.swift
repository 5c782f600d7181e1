package import Conversation
package import Wire

/// `thinking`, `output_config.effort` and the sampling fields that depend on
/// them, as the API takes them together.
///
/// All of them are wishes: what the model or the conversation doesn't allow
/// is left out and named.
///
/// https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking
package struct Thinking {
    package enum Kind: Equatable {
        case disabled
        case adaptive
        case budget(Int)
    }

    package private(set) var kind: Kind?
    package private(set) var effort: String?
    package private(set) var temperature: Double?
    package private(set) var topP: Double?
    package private(set) var topK: Int?

    /// The least that Anthropic takes as `budget_tokens`.
    static let leastBudget = 1024

    package init(_ request: ChatRequest, turns: [Turns.Turn], traits: ModelTraits, dropped: inout [String]) {
        effort = Self.effort(request.effort, traits, &dropped)
        kind = Self.kind(request, turns, traits, &dropped)
        takeSampling(request, traits, &dropped)
    }

    private static func effort(_ word: String?, _ traits: ModelTraits, _ dropped: inout [String]) -> String? {
        guard let word, word != "none" else { return nil }
        guard traits.takesEffort else {
            dropped.append("reasoning_effort")
            return nil
        }
        switch word {
        case "low", "medium", "high", "max": return word
        case "xhigh" where traits.takesExtraHighEffort: return word
        case "minimal", "xhigh":
            let nearest = word == "minimal" ? "low" : "high"
            dropped.append("reasoning_effort (taken as \(nearest))")
            return nearest
        default:
            dropped.append("reasoning_effort")
            return nil
        }
    }

    private static func kind(
        _ request: ChatRequest, _ turns: [Turns.Turn], _ traits: ModelTraits, _ dropped: inout [String]
    ) -> Kind? {
        if request.effort == "none", request.reasoning == nil { return .disabled }
        let isForced =
            switch request.toolChoice {
            case .required, .tool: !request.tools.isEmpty
            default: false
            }
        switch request.reasoning {
        case nil: return nil
        case .disabled: return .disabled
        // Anthropic takes no thinking where a call is forced.
        case .adaptive where traits.takesAdaptiveThinking && !isForced: return .adaptive
        case .budget(let tokens) where !isForced:
            if !traits.takesBudget {
                dropped.append("thinking.budget_tokens")
                return .adaptive
            }
            // A turn that another model began without thinking can't be ended
            // with it.
            guard !turns.endInUnthoughtCall else { break }
            let budget = max(Self.leastBudget, tokens)
            guard let most = request.maxTokens, budget >= most else { return .budget(budget) }
            guard most > Self.leastBudget else { break }
            dropped.append("thinking.budget_tokens (taken as \(most - 1))")
            return .budget(most - 1)
        case .adaptive, .budget: break
        }
        dropped.append("thinking")
        return nil
    }

    private mutating func takeSampling(_ request: ChatRequest, _ traits: ModelTraits, _ dropped: inout [String]) {
        temperature = request.temperature
        topP = request.topP
        topK = request.topK
        if let wanted = topK, wanted < 1 {
            // "Any": what leaving it out means.
            topK = nil
            if wanted < -1 { dropped.append("top_k") }
        }
        var isThinking = false
        if case .budget = kind { isThinking = true }
        if !traits.takesSampling || isThinking, let wanted = temperature, wanted != 1 || !traits.takesSampling {
            temperature = nil
            dropped.append("temperature")
        }
        if !traits.takesSampling || isThinking, let wanted = topP, wanted < 0.95 || !traits.takesSampling {
            topP = nil
            dropped.append("top_p")
        }
        if !traits.takesSampling || isThinking, topK != nil {
            topK = nil
            dropped.append("top_k")
        }
    }

    package func write(to json: inout JSONWriter) {
        switch kind {
        case nil: break
        case .disabled: json.object("thinking") { $0.member("type", "disabled") }
        case .adaptive: json.object("thinking") { $0.member("type", "adaptive") }
        case .budget(let tokens):
            json.object("thinking") { json in
                json.member("type", "enabled")
                json.member("budget_tokens", tokens)
            }
        }
    }
}

extension [Turns.Turn] {
    /// Tells whether results follow a call that has no thinking before it:
    /// with a thinking budget, Anthropic refuses to go on from there.
    var endInUnthoughtCall: Bool {
        guard count > 1, let last, last.role == .user, last.blocks.contains(where: \.isToolResult) else { return false }
        let calling = self[count - 2]
        guard calling.role == .assistant, let first = calling.blocks.first else { return false }
        switch first {
        case .thinking, .redactedThinking: return false
        default: return true
        }
    }
}
