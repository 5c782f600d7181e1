/// The vocabulary in which a provider words its errors: its types and codes,
/// and the shape around them. Dialects of one family share it.
package enum ErrorVocabulary: String, Sendable, Hashable, CaseIterable {
    /// `{"error": {"message", "type", "param", "code"}}`
    case openai
    /// `{"type": "error", "error": {"type", "message"}}`
    case anthropic
}
