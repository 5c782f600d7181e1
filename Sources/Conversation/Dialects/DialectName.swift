/// The name of an API that a door or a provider speaks.
///
/// A value and no closed list: a door or a provider of another API is one more
/// type and one more line of wiring. Requests compare names only to see whether
/// both sides speak the same.
package struct DialectName: RawRepresentable, Sendable, Hashable {
    /// As the settings, logs and metrics spell it.
    package let rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }

    /// OpenAI's Chat Completions and Embeddings,
    /// https://platform.openai.com/docs/api-reference/chat
    package static let openai = DialectName(rawValue: "openai")
    /// Anthropic's Messages, https://docs.anthropic.com/en/api/messages
    package static let anthropic = DialectName(rawValue: "anthropic")
    /// OpenAI's Responses, https://platform.openai.com/docs/api-reference/responses
    package static let responses = DialectName(rawValue: "responses")
    /// Amazon Bedrock's Converse,
    /// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
    package static let bedrock = DialectName(rawValue: "bedrock")
    /// Amazon Bedrock's InvokeModel with bodies of Anthropic's Messages,
    /// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
    package static let bedrockInvoke = DialectName(rawValue: "bedrock-invoke")
    /// An engine that Holdfast hosts: OpenAI's wire format, but requests and
    /// answers are rebuilt from known fields, never passed through.
    package static let engine = DialectName(rawValue: "engine")
}
