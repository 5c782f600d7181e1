/// The API that a door or a provider speaks.
package enum DialectName: String, Sendable, Hashable, CaseIterable {
    /// OpenAI's Chat Completions and Embeddings,
    /// https://platform.openai.com/docs/api-reference/chat
    case openai
    /// Anthropic's Messages, https://docs.anthropic.com/en/api/messages
    case anthropic
    /// An engine that Holdfast hosts: OpenAI's wire format, but requests and
    /// answers are rebuilt from known fields, never passed through.
    case engine
}
