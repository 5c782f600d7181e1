import Conversation
import DialectAnthropic
import DialectOpenAI
import Gateway
import Glibc
import Providers
import Settings

/// The API that somebody else's provider speaks, and the parts of it that not
/// every API has: the one place where a name of the settings becomes a dialect.
struct RemoteDialect {
    let dialect: any ProviderProtocol
    let embeddings: ProviderAbilities.Embeddings
    let tokenCounts: (any TokenCountProvider)?

    init(_ remote: RemoteProvider) {
        switch remote.dialect {
        case .anthropic:
            let anthropic = AnthropicDialect()
            dialect = anthropic
            embeddings = .none("Anthropic's API has none; ask for a route that ends at another provider")
            tokenCounts = anthropic
        case .openai, .engine:
            let openai = OpenAIDialect(
                traits: remote.server.traits, isKnown: remote.server.isKnown, now: { time(nil) })
            dialect = openai
            embeddings = .served(openai)
            tokenCounts = nil
        }
    }

    /// The provider's key, where its settings have one. A header field of the
    /// settings goes before it.
    func signer(_ remote: RemoteProvider) -> RequestSigner {
        guard let key = remote.apiKey?.reveal() else { return .none }
        let credential = dialect.credential(key)
        guard !remote.headers.contains(where: { $0.name.lowercased() == credential.name }) else { return .none }
        return .field(name: credential.name, value: credential.value)
    }
}
