package import Conversation
import DialectAnthropic
package import Wire

/// Amazon Bedrock's InvokeModel for Anthropic's models: the bodies of
/// Anthropic's Messages, the model in the path, and each event of a stream in a
/// message of its own.
///
/// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
package struct InvokeDialect: Sendable {
    /// The API of the bodies.
    let messages = AnthropicDialect()

    package init() {}

    package var name: DialectName { .bedrockInvoke }
    package var framing: Framing { .eventStream }
}
