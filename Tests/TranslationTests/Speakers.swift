import Conversation
import DialectAnthropic
import DialectOpenAI

/// The dialects by the names that cases give them: of doors `openai` and
/// `anthropic`, of providers these, every flavour, and a hosted engine.
enum Speakers {
    private static let clock: @Sendable () -> Int = { 1_700_000_000 }

    /// Those that every golden file has a snapshot for (``Golden``): all doors,
    /// and of providers one of each dialect and two flavours that differ most.
    static let doors = ["anthropic", "openai"]
    static let targets = ["anthropic", "deepseek", "engine", "mistral", "openai"]

    static func door(_ name: String) -> (any CallerProtocol)? {
        switch name {
        case "openai": OpenAIDialect(now: clock)
        case "anthropic": AnthropicDialect()
        default: nil
        }
    }

    static func provider(_ name: String) -> (any ProviderProtocol)? {
        switch name {
        case "anthropic": AnthropicDialect()
        case "engine":
            EngineDialect(toolCallOpening: { "<tool_call>" }, blindSeed: { _ in 4711 }, now: clock)
        case "seeing engine": EngineDialect(acceptsImages: true, maxChoices: 4, now: clock)
        default:
            Flavour(rawValue: name).map {
                OpenAIDialect(traits: $0.traits, isKnown: $0 != .compatible, now: clock)
            }
        }
    }

    /// The page that a door or a provider of that name is told of on.
    static func page(_ name: String) -> String { name == "anthropic" ? "dialect-anthropic" : "dialect-openai" }

    /// A model whose name tells nothing of it.
    static func model(_ provider: String) -> String { provider == "anthropic" ? "claude-x" : "m" }
}
