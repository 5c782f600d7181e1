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
    /// What was told last is closed: more of its kind is another part. Only
    /// dialects that have parts say it.
    case partEnded(choice: Int)
    /// A part of a kind that the shared terms don't know: what a provider's
    /// own tools did. Who tells the stream anew leaves it out.
    case foreignPart
    case logprobs(choice: Int, [TokenLogprob])
    case finished(choice: Int, FinishReason, stopSequence: String?)
    /// What is known of the cost so far; the last one counts. Counts that
    /// are not yet known are those of an earlier event, or 0.
    case usage(Usage)
    /// From here on another candidate goes on with the answer. Only Holdfast
    /// says it; no dialect decodes into it.
    /// - Parameters:
    ///   - by: the candidate, as `provider/model`.
    ///   - model: the name that the candidate gives itself.
    ///   - cause: why the one before it left off, a word of the failure table.
    ///   - at: how many characters (Unicode scalars) of text were sent before.
    case continued(by: String, model: String, cause: String, at: Int)
    case ping
    /// The provider gave up in mid-answer.
    case failed(ProviderError)
    /// The dialect's own terminal event: `data: [DONE]`, `message_stop`. A
    /// stream that ends without it was cut off.
    case ended
}
