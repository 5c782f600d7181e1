package import Conversation

/// `dialect`: an API that a provider's settings can name.
package enum ProviderDialect: String, Sendable, Hashable, CaseIterable {
    case openai, anthropic
    /// OpenAI's Responses alone, without Chat Completions.
    case responses
    /// Amazon Bedrock's Converse.
    case bedrock
    /// Of an engine that Holdfast hosts.
    case engine

    /// True for APIs of OpenAI's, whose servers differ.
    var hasFlavours: Bool { self == .openai || self == .responses }

    /// The same name for the parts that take any dialect.
    package var name: DialectName { DialectName(rawValue: rawValue) }
}
