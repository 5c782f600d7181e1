/// The origin of a text within an exchange, by which a constitution's clauses
/// say which texts they are about.
package enum PassageScope: String, Sendable, Hashable, CaseIterable {
    /// The application's own instructions.
    case system
    /// A person's, or an application's, turn.
    case user
    /// The description and the schema of a tool.
    case toolDefinition = "tool definition"
    /// The result of a call of one of the caller's own tools.
    case toolResult = "tool result"
    /// A document, a search result, the readable result of a provider's tool, or
    /// another text that is given to be read.
    case document
    /// The arguments of a tool call.
    case toolCall = "tool call"
    /// The words of a model: in the answer, or earlier in the conversation.
    case answer
}
