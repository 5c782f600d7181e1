/// Which provider's API a request and its answer speak.
package enum Dialect: String, Sendable, CaseIterable {
    case openai
    case anthropic

    /// Where the API takes a conversation.
    package var path: String {
        switch self {
        case .openai: "/v1/chat/completions"
        case .anthropic: "/v1/messages"
        }
    }
}
