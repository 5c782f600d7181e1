import Conversation
import Encodings
import Extraction

/// The filter of a hosted model's answer, which also counts how much of it has
/// passed.
///
/// Log-probabilities pass only where the request asked for them, and in the
/// form that the model's rules allow. Ids, the model's name and the time are
/// Holdfast's own. Belongs to the request's task.
final class DisclosureFilter {
    let model: HostedModel
    /// Of log-probabilities, where they are asked for.
    private let alternatives: Int?
    private let choices: Int
    private let id: String
    private let name: String
    /// Answered tokens that came with log-probabilities.
    private(set) var measured = 0
    /// True when something has passed.
    private(set) var hasPassed = false
    private var bytes = 0

    /// More than any engine has to say of an error.
    private static let longestError = 400

    /// - Parameters:
    ///   - request: The chat request; nil for requests of other kinds.
    ///   - name: The candidate's own name of the model.
    init(_ model: HostedModel, _ request: ChatRequest?, call: String, name: String) {
        self.model = model
        alternatives = request?.logprobs
        choices = request?.choices ?? 1
        id = "chatcmpl-" + (call.split(separator: "_").last.map(String.init) ?? call)
        self.name = name
    }

    /// - Returns: The part of the event that the caller may receive; nil where
    ///   that is nothing.
    func pass(_ event: StreamEvent) -> StreamEvent? {
        var event = event
        switch event {
        case .started: event = .started(id: id, model: name, created: nil)
        case .logprobs(let choice, let tokens):
            guard let told = LogprobTelling.told(tokens, alternatives: alternatives) else { return nil }
            measured += told.count
            event = .logprobs(choice: choice, told)
        case .failed(let error): event = .failed(Self.shortened(error))
        default: break
        }
        count(ToldBytes.of(event))
        return event
    }

    func pass(_ reply: inout ChatReply) {
        (reply.id, reply.model, reply.created) = (id, name, nil)
        reply.choices = Array(reply.choices.prefix(choices))
        for index in reply.choices.indices {
            let logprobs = reply.choices[index].logprobs
            reply.choices[index].logprobs = logprobs.flatMap { LogprobTelling.told($0, alternatives: alternatives) }
            measured += reply.choices[index].logprobs?.count ?? 0
        }
        count(ToldBytes.of(reply))
    }

    /// Numbers of 32 bits, as an engine computes them: what stands behind
    /// their digits could be anything.
    func pass(_ reply: inout EmbeddingsReply) {
        reply.model = name
        reply.vectors = reply.vectors.map { vector in
            guard case .floats(let floats) = vector else { return vector }
            return .floats(floats.map { Double(Float($0).description) ?? 0 })
        }
        count(ToldBytes.of(reply))
    }

    func pass(_ error: inout ProviderError) {
        error = Self.shortened(error)
        count(ToldBytes.of(error))
    }

    private static func shortened(_ error: ProviderError) -> ProviderError {
        var error = error
        error.message = error.message.cut(toUTF8Bytes: longestError)
        return error
    }

    private func count(_ more: Int) {
        bytes += more
        hasPassed = true
    }

    /// Bytes that have passed since this was asked for last.
    func takeBytes() -> Int {
        defer { bytes = 0 }
        return bytes
    }
}
