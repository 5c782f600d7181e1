package import Conversation

/// `dialect`: an API that a provider's settings can name.
package enum ProviderDialect: String, Sendable, Hashable, CaseIterable {
    case openai, anthropic
    /// Of an engine that Holdfast hosts.
    case engine

    /// The same name for the parts that take any dialect.
    package var name: DialectName { DialectName(rawValue: rawValue) }
}
