package import Conversation
package import Wire

/// Amazon Bedrock's Converse API, as applications speak it and as Bedrock does.
///
/// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html;
/// where the page is silent, botocore's model of the service decides. What maps
/// to what, what is refused and what is left behind: `docs/dialect-bedrock.md`.
package struct ConverseDialect: Sendable {
    package init() {}

    package var name: DialectName { .bedrock }
    package var framing: Framing { .eventStream }
}
