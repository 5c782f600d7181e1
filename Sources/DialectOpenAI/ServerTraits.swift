/// The member that says how many tokens may be generated. OpenAI's newer
/// models know only the second name, many compatible servers only the first.
package enum TokenLimitField: Sendable, Hashable {
    case maxTokens
    case maxCompletionTokens
}

/// In what the servers that speak this format differ, as far as a request's
/// encoding is concerned.
struct ServerTraits: Sendable {
    var tokenLimitField = TokenLimitField.maxCompletionTokens
    var takesImages = true
    /// Knows `developer` apart from `system`.
    var takesDeveloperRole = true
    /// Knows `name` of a participant, `user`, `reasoning_effort`.
    var takesHints = true
    var takesTopK = false
    /// Takes an object as `tool_choice`. Otherwise the one tool is offered
    /// alone and required, which asks for the same.
    var takesNamedTool = true
    /// Knows `refusal` of an assistant's message. Otherwise its words are
    /// text, so that the model sees what it said.
    var takesRefusals = true
    /// Parses the arguments of calls in the history, and fails where they
    /// are not JSON.
    var parsesArguments = false
    /// What the model's tool calls begin with, put into its mouth where a
    /// call is required: such a server holds it to the form of a call only
    /// from there on.
    var toolCallOpening: String?
    /// Token ids only; seeds of 32 bits.
    var takesNumbersOnly = false
    var maxChoices: Int?
    var maxTopLogprobs: Int?
    /// How many alternatives are asked for wherever log-probabilities are,
    /// though the caller may want fewer; nil is as many as the caller wants.
    var askedTopLogprobs: Int?
}
