import Conversation
import DialectAnthropic
import DialectBedrock
import DialectOpenAI
import DialectResponses
import Gateway
import Glibc
import Providers
import Settings

/// The API that somebody else's provider speaks, and the parts of it that not
/// every API has: the one place where a name of the settings becomes a dialect.
struct RemoteDialect {
    let dialect: any ProviderProtocol
    /// Further APIs that it speaks.
    private(set) var further: [any ProviderProtocol] = []
    let embeddings: ProviderAbilities.Embeddings
    let tokenCounts: (any TokenCountProvider)?
    private(set) var compactions: (any CompactionProvider & Dialect)?

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
            guard remote.speaksResponses else { return }
            let responses = ResponsesDialect(traits: remote.server.traits, now: { time(nil) })
            further = [responses]
            compactions = responses
        case .bedrock:
            let converse = ConverseDialect()
            dialect = converse
            embeddings = .none("Bedrock has them in the forms of each maker's models, which Holdfast doesn't speak")
            tokenCounts = converse
            further = [InvokeDialect()]
        case .responses:
            let responses = ResponsesDialect(traits: remote.server.traits, now: { time(nil) })
            dialect = responses
            embeddings = .none("its dialect is `responses`, which has none; ask a provider with `dialect: openai`")
            tokenCounts = nil
            compactions = responses
        }
    }

    /// The provider's key or its account, where its settings have one. A header
    /// field of the settings goes before a key.
    func signer(_ remote: RemoteProvider, _ account: CloudAccount?) -> RequestSigner {
        if let account { return account.signer }
        guard let key = remote.apiKey?.reveal() else { return .none }
        let credential = dialect.credential(key)
        guard !remote.headers.contains(where: { $0.name.lowercased() == credential.name }) else { return .none }
        return .field(name: credential.name, value: credential.value)
    }
}
