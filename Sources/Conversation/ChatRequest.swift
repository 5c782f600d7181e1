package import NIOCore
package import Wire

/// A request for an answer, in the terms that all dialects share.
///
/// A dialect decodes into it and encodes out of it: N+M translations, never
/// N×M. What it can't hold is not lost: its name is in ``leftovers``, and
/// whoever would encode the request decides whether that may be left behind.
package struct ChatRequest: Sendable, Equatable {
    /// The model or route that the caller named.
    package var model: String
    package var messages: [Message]

    package var tools: [Tool] = []
    package var toolChoice: ToolChoice?
    package var parallelToolCalls: Bool?
    package var responseFormat: ResponseFormat?

    /// The most tokens that may be generated.
    package var maxTokens: Int?
    package var temperature: Double?
    package var topP: Double?
    package var topK: Int?
    package var frequencyPenalty: Double?
    package var presencePenalty: Double?
    package var seed: Int?
    package var stop: [String] = []
    /// The number of answers that are wanted; nil means one.
    package var choices: Int?
    /// Log-probabilities are wanted, with that many alternatives a token (0
    /// for none).
    package var logprobs: Int?
    /// Token id (as text) to bias.
    package var logitBias: [String: Double] = [:]
    package var reasoning: Reasoning?
    /// The amount of it, as a word of the provider's scale: `minimal`, `low`,
    /// `medium`, `high`, …
    package var effort: String?
    /// The caller's own name for its user: OpenAI `user`, Anthropic
    /// `metadata.user_id`.
    package var endUser: String?

    package var stream: Bool = false
    /// OpenAI's `stream_options.include_usage`.
    package var includeUsage: Bool = false

    /// The members that the answer repeats; nil for APIs whose answers repeat
    /// none.
    package var echoed: [EchoedMember]?

    /// The moment at which the request came, for APIs whose answers tell the
    /// time that they took; nil for a request that nobody waits for.
    package var arrived: NIODeadline?

    /// Fields that stood in the request and have no place above.
    package var leftovers: [Leftover] = []

    package init(model: String, messages: [Message]) {
        self.model = model
        self.messages = messages
    }

    /// True when the caller can limit which tokens are possible: by a schema,
    /// or by tools, which have one.
    package var narrowsTokens: Bool {
        if case .jsonSchema = responseFormat { return true }
        return !tools.isEmpty && toolChoice != ToolChoice.none
    }
}

/// A field of a request that the shared terms can't hold.
package struct Leftover: Sendable, Hashable {
    /// The field's path in the caller's own terms, e.g.
    /// `messages[2].content[0].type`.
    package var field: String
    /// True when the answer is still what the caller asked for if the field is
    /// left out. An advisory field (a cache hint, a tag for the provider's
    /// dashboard) may be left out, and a response header names it; any other is
    /// refused.
    package var isAdvisory: Bool

    package init(_ field: String, isAdvisory: Bool) {
        self.field = field
        self.isAdvisory = isAdvisory
    }
}

package struct Tool: Sendable, Equatable {
    package var name: String
    package var description: String?
    /// A JSON Schema; nil where the caller gave none.
    package var parameters: JSONFragment?
    package var isStrict: Bool?
    /// The tool as the caller's API has it, where that is no plain function of
    /// this name; nil for all others.
    package var origin: ToolOrigin?

    package init(name: String, description: String? = nil, parameters: JSONFragment? = nil, isStrict: Bool? = nil) {
        self.name = name
        self.description = description
        self.parameters = parameters
        self.isStrict = isStrict
    }
}

/// A tool of a caller's API that the shared terms hold as a function: enough
/// to turn a call of the function back into a call of the tool.
package struct ToolOrigin: Sendable, Hashable {
    /// The tool's own name, where the function has another.
    package var name: String
    /// The namespace that the tool stands in (OpenAI's Responses); nil where it
    /// stands in none.
    package var namespace: String?
    /// True for a tool that takes free text (OpenAI's `custom`): the function
    /// takes an object with that text as its only member, `input`.
    package var takesText: Bool
    /// True for a search among tools that the caller itself makes (OpenAI's
    /// `tool_search`): its calls are items of their own.
    package var isSearch: Bool

    package init(name: String, namespace: String? = nil, takesText: Bool = false, isSearch: Bool = false) {
        self.name = name
        self.namespace = namespace
        self.takesText = takesText
        self.isSearch = isSearch
    }
}

/// A member of a request that the answer repeats (OpenAI's Responses).
package struct EchoedMember: Sendable, Equatable {
    package var name: String
    package var value: JSONFragment

    package init(_ name: String, _ value: JSONFragment) {
        self.name = name
        self.value = value
    }
}

package enum ToolChoice: Sendable, Equatable {
    case auto
    case none
    /// Some tool must be called.
    case required
    case tool(String)
}

package enum ResponseFormat: Sendable, Equatable {
    case text
    case jsonObject
    case jsonSchema(name: String?, description: String?, schema: JSONFragment, isStrict: Bool?)
}

/// The caller's choice whether the model may think before it answers.
package enum Reasoning: Sendable, Equatable {
    case disabled
    /// The model decides (Anthropic's `adaptive`).
    case adaptive
    /// At most that many tokens (Anthropic's `budget_tokens`).
    case budget(Int)
}
