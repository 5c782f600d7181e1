import Conversation

/// Traits in which an engine that Holdfast hosts differs from a server of
/// somebody else's.
struct EngineTraits: Sendable {
    var takesImages = false
    /// The beginning of the model's tool calls, put into its mouth where a
    /// call is required: such a server holds it to the form of a call only
    /// from there on.
    var toolCallOpening: String?
    var maxChoices: Int
    var maxTopLogprobs: Int
    /// The number of alternatives that are asked for wherever log-probabilities are,
    /// though the caller may want fewer.
    var askedTopLogprobs: Int
}

/// A server of this format: one of somebody else's, or an engine.
///
/// An engine knows `top_k`, token ids and seeds of 32 bits. It doesn't know
/// `name` of a participant, `user`, `reasoning_effort`, a tool by its name as
/// `tool_choice`, or `refusal` of an assistant's message; and it parses the
/// arguments of calls in the history.
struct RequestForm: Sendable {
    var traits: ServerTraits
    var engine: EngineTraits?

    var isEngine: Bool { engine != nil }
}
