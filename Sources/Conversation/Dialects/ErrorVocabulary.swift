/// The vocabulary in which a provider words its errors: its types and codes,
/// and the shape around them. Dialects of one family share it.
package enum ErrorVocabulary: String, Sendable, Hashable, CaseIterable {
    /// `{"error": {"message", "type", "param", "code"}}`
    case openai
    /// The same in an answer; in a stream `{"type": "error", "code",
    /// "message", "param"}`.
    case responses
    /// `{"type": "error", "error": {"type", "message"}}`
    case anthropic
    /// `{"message"}`, with the kind as `__type`, in the field
    /// `x-amzn-errortype`, or as the name of an exception inside a stream
    case bedrock
}
