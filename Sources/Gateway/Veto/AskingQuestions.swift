import Atomics
import Conversation
import NIOCore
import Routing
import Veto
import Wire

/// The answer to a question of Holdfast's own.
package enum QuestionAnswer: Sendable, Hashable {
    /// The text of the answer, up to 64 KiB of it.
    case text(String)
    /// No answer, for this reason; it holds no words of the provider.
    case none(String)
}

/// A question of Holdfast's own, with no text of a caller.
package struct Question: Sendable, Hashable {
    package var prompt: String
    /// The most tokens of the answer.
    package var tokens: Int
    /// The suspension whose gate asks; nil where none does, and every
    /// suspension counts.
    package var gate: Int?
    package var patience: Duration

    package init(_ prompt: String, tokens: Int, gate: Int? = nil, patience: Duration = .seconds(30)) {
        self.prompt = prompt
        self.tokens = tokens
        self.gate = gate
        self.patience = patience
    }
}

extension Gateway {
    /// Asks a candidate a question with an answer in words.
    ///
    /// Goes on record as ``PermitEvent/askedByGate`` where a gate asks. A
    /// provider that may not be probed is not asked.
    ///
    /// - Parameter candidate: `provider/model`.
    package func ask(
        _ candidate: String, _ question: Question, on executor: EventLoopTaskExecutor
    ) async -> QuestionAnswer {
        guard let known = state.routes.candidate(candidate), let provider = state.providers[known.provider]
        else { return .none("it is not in service") }
        guard provider.mayBeProbed else { return .none("its settings switch probes off") }
        guard let request = Self.request(question, provider, known.model) else {
            return .none("its dialect has no words for a question")
        }
        return await withTaskGroup(of: QuestionAnswer.self) { [request] group in
            group.addTask(executorPreference: executor) {
                await self.exchange(request, question, known, provider, on: executor)
            }
            group.addTask {
                try? await Task.sleep(for: question.patience)
                return .none("no answer in time")
            }
            let first = await group.next()
            group.cancelAll()
            return first ?? .none("it was interrupted")
        }
    }

    private static func request(_ question: Question, _ provider: Provider, _ model: String) -> LaneRequest? {
        var chat = ChatRequest(model: model, messages: [Message(.user, [.text(question.prompt)])])
        chat.maxTokens = question.tokens
        var dropped: [String] = []
        guard let body = try? provider.dialect.encodeChat(chat, model: model, dropped: &dropped) else { return nil }
        var request = LaneRequest(path: provider.dialect.chatEndpoint(model: model, isStream: false), body: body)
        request.fields.append(probeField, "1")
        if let gate = question.gate { request.fields.append(gateField, "S\(gate)") }
        request.limits.firstByte = question.patience
        request.limits.deadline = .now() + TimeAmount(question.patience)
        return request
    }

    private func exchange(
        _ request: LaneRequest, _ question: Question, _ candidate: Candidate, _ provider: Provider,
        on executor: EventLoopTaskExecutor
    ) async -> QuestionAnswer {
        var request = request
        let book = stages.permits
        let live = book.map { book in
            LiveExchange(
                book, book.permit(of: candidate.suspensionSubject, provider), nil, executor,
                gate: question.gate ?? 0)
        }
        request.ending = live
        defer { live?.leave() }
        var tick: UInt64 = 0
        do { tick = try live?.begin() ?? 0 } catch { return .none("it is suspended") }
        let answer = await answer(request, provider, on: executor)
        if let gate = question.gate, let book, tick > 0 {
            var answered = false
            if case .text = answer { answered = true }
            book.note(.askedByGate(candidate: candidate.id, suspension: "S\(gate)", tick: tick, answered: answered))
        }
        return answer
    }

    private func answer(
        _ request: LaneRequest, _ provider: Provider, on executor: EventLoopTaskExecutor
    ) async -> QuestionAnswer {
        do {
            return try await provider.lane.exchange(request, on: executor) { response -> QuestionAnswer in
                let status = response.head.status
                let body = try await response.collect(first: 1 << 20)
                guard (200..<300).contains(status) else { return .none("it answered with status \(status)") }
                guard let reply = try? provider.dialect.decodeReply(body), let choice = reply.choices.first else {
                    return .none("its answer can't be read")
                }
                return .text(String(decoding: choice.words.utf8.prefix(64 << 10), as: UTF8.self))
            }
        } catch {
            return .none("it gave no answer")
        }
    }
}

extension ChatReply.Choice {
    /// The text that a person would read.
    fileprivate var words: String {
        content.reduce(into: "") { words, part in
            if case .text(let text) = part { words += text }
        }
    }
}
