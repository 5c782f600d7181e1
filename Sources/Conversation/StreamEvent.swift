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
    /// The end of the present part: more content of its kind is a new part.
    /// Only dialects that have parts send it.
    case partEnded(choice: Int)
    /// A part of a kind that the shared terms don't know: what a provider's
    /// own tools did. Who tells the stream anew leaves it out.
    case foreignPart
    case logprobs(choice: Int, [TokenLogprob])
    case finished(choice: Int, FinishReason, stopSequence: String?)
    /// The cost as far as it is known; the last one counts. Counts that are not
    /// yet known are those of an earlier event, or 0.
    case usage(Usage)
    /// The change to another candidate, which continues the answer from here
    /// on. Only Holdfast makes this event; no dialect decodes into it.
    /// - Parameters:
    ///   - by: The candidate, as `provider/model`.
    ///   - model: The name that the candidate gives itself.
    ///   - cause: The cause for which the previous candidate stopped, a word of
    ///     the failure table.
    ///   - at: The number of characters (Unicode scalars) of text that were
    ///     sent before.
    case continued(by: String, model: String, cause: String, at: Int)
    case ping
    /// The provider gave up in mid-answer.
    case failed(ProviderError)
    /// The dialect's own terminal event: `data: [DONE]`, `message_stop`. A
    /// stream that ends without it was cut off.
    case ended
}
