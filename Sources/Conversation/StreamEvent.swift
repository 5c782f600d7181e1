/// A step of an answer that is still being given.
///
/// Within one choice, parts come in the order in which they are to be read;
/// fragments of a tool call name the call by `call`, which counts from 0 in
/// each choice.
package enum StreamEvent: Sendable, Equatable {
    /// First of all, once.
    case started(id: String, model: String, created: Int?)
    case text(choice: Int, String)
    case refusal(choice: Int, String)
    case thinking(choice: Int, String)
    /// Ends the thinking that came before it.
    case thinkingSignature(choice: Int, String)
    case redactedThinking(choice: Int, String)
    case toolCallStarted(choice: Int, call: Int, id: String, name: String)
    case toolCallArguments(choice: Int, call: Int, fragment: String)
    case logprobs(choice: Int, [TokenLogprob])
    case finished(choice: Int, FinishReason, stopSequence: String?)
    /// What is known of the cost so far; the last one counts. Counts that
    /// are not yet known are those of an earlier event, or 0.
    case usage(Usage)
    case ping
    /// The provider gave up in mid-answer.
    case failed(ProviderError)
    /// The dialect's own terminal event: `data: [DONE]`, `message_stop`. A
    /// stream that ends without it was cut off.
    case ended
}
