/// The provider API that a request and its answer use.
package enum Dialect: String, Sendable, CaseIterable {
    case openai
    case anthropic

    /// The path at which the API accepts a conversation.
    package var path: String {
        switch self {
        case .openai: "/v1/chat/completions"
        case .anthropic: "/v1/messages"
        }
    }
}
