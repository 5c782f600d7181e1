import Conversation
import DialectAnthropic
import DialectBedrock
import DialectOpenAI
import DialectResponses
import Wire

/// The dialects by the names that cases give them: of doors `openai`,
/// `anthropic`, `responses`, `bedrock` (Converse) and `invoke` (InvokeModel); of
/// providers these, every flavour, and a hosted engine.
enum Speakers {
    private static let clock: @Sendable () -> Int = { 1_700_000_000 }

    /// Those that every golden file has a snapshot for (``Golden``): all doors,
    /// and of providers one of each dialect and two flavours that differ most.
    static let doors = ["anthropic", "bedrock", "invoke", "openai", "responses"]
    static let targets = ["anthropic", "bedrock", "deepseek", "engine", "mistral", "openai", "responses"]

    static func door(_ name: String) -> (any CallerProtocol)? {
        switch name {
        case "openai": OpenAIDialect(now: clock)
        case "anthropic": AnthropicDialect()
        case "responses": ResponsesDialect(now: clock)
        case "bedrock": ConverseDialect()
        case "invoke": InvokeDialect()
        default: nil
        }
    }

    static func provider(_ name: String) -> (any ProviderProtocol)? {
        switch name {
        case "anthropic": AnthropicDialect()
        case "responses": ResponsesDialect(now: clock)
        case "bedrock": ConverseDialect()
        case "invoke": InvokeDialect()
        case "engine":
            EngineDialect(toolCallOpening: { "<tool_call>" }, blindSeed: { _ in 4711 }, now: clock)
        case "seeing engine": EngineDialect(acceptsImages: true, maxChoices: 4, now: clock)
        default:
            Flavour(rawValue: name).map {
                OpenAIDialect(traits: $0.traits, isKnown: $0 != .compatible, now: clock)
            }
        }
    }

    /// The framing of a door's or a provider's streams.
    static func framing(_ name: String) -> Framing {
        door(name)?.framing ?? provider(name)?.framing ?? .serverSentEvents
    }

    /// The page that a door or a provider of that name is told of on.
    static func page(_ name: String) -> String {
        switch name {
        case "anthropic": "dialect-anthropic"
        case "responses": "dialect-responses"
        case "bedrock", "invoke": "dialect-bedrock"
        default: "dialect-openai"
        }
    }

    /// A model whose name tells no more of it than its maker.
    static func model(_ provider: String) -> String {
        switch provider {
        case "anthropic": "claude-x"
        case "bedrock", "invoke": "anthropic.claude-x"
        default: "m"
        }
    }

    // MARK: What stands beside the bodies

    /// The name of the model in a path.
    static let route = "assistant"

    /// The part of a call that its path says, for an API that names the model
    /// there.
    static func path(of door: any CallerProtocol, isStream: Bool) -> CalledPath {
        let namesModel = door.chatAddresses.contains { $0.pattern.contains("{model") }
        return namesModel ? CalledPath(model: route, isStream: isStream) : CalledPath()
    }

    /// An answer with the names that Holdfast gives it where its provider
    /// doesn't.
    static func named(_ reply: ChatReply, by provider: any ProviderProtocol) -> ChatReply {
        guard !provider.namesItsAnswers else { return reply }
        var reply = reply
        if reply.id.isEmpty { reply.id = namedID }
        if reply.model.isEmpty { reply.model = model(provider.name.rawValue) }
        return reply
    }

    static func named(_ event: StreamEvent, by provider: any ProviderProtocol) -> StreamEvent {
        guard !provider.namesItsAnswers, case .started(let id, let own, let created) = event else { return event }
        return .started(
            id: id.isEmpty ? namedID : id, model: own.isEmpty ? model(provider.name.rawValue) : own, created: created)
    }

    private static let namedID = "0a1b2c3d-request"
}
