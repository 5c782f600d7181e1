package import Conversation
package import Extraction
package import Failures
package import Gateway
package import Routing

extension Provider {
    /// A provider of a test, with all that may differ as an argument.
    package convenience init(
        name: String, dialect: any ProviderProtocol, lane: any ProviderLane, embeddings: ProviderAbilities.Embeddings,
        chat: ProviderAbilities.Chat = .served, tokenCounts: (any TokenCountProvider)? = nil,
        counter: (any TokenCounter)? = nil, host: String? = nil, credential: String? = nil,
        firstToken: Duration? = nil, mayBeProbed: Bool = true, receipt: (@Sendable () -> String?)? = nil,
        secrets: SecretMask = .none, choices: CallerChoices = [], pinned: Set<String> = [],
        usesCallersCredential: Bool = false, hosted: (@Sendable () -> HostedModel)? = nil
    ) {
        var terms = ProviderTerms()
        terms.host = host
        terms.credential = credential
        terms.firstToken = firstToken
        terms.mayBeProbed = mayBeProbed
        terms.secrets = secrets
        terms.choices = choices
        terms.pinned = pinned
        terms.usesCallersCredential = usesCallersCredential
        terms.hosting = hosted.map { .init(model: $0, receipt: receipt ?? { nil }) }
        self.init(
            name: name, dialect: dialect, lane: lane,
            abilities: ProviderAbilities(
                chat: chat, embeddings: embeddings, tokenCounts: tokenCounts, counter: counter),
            terms: terms)
    }
}
