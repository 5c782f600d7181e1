package import Conversation

/// The record of the part of an answer that a caller has received so far, in
/// shared terms.
///
/// It is given everything that is sent to the caller, in order, including the
/// events after a seam, with each candidate's own usage and not the sum. Of
/// several choices only the first is kept: such an answer can't be resumed. An
/// answer that is longer than the limit can't be resumed either: then nothing
/// of it is kept any more.
package struct StreamJournal: Sendable {
    package private(set) var id = ""
    /// The name that the candidate who began gives its model.
    package private(set) var model = ""
    package private(set) var created: Int?
    package private(set) var hasStarted = false
    package private(set) var text = ""
    /// Words of refusal have been sent.
    package private(set) var hasRefusal = false
    /// Thinking has been sent, in words or as what only its maker can read.
    package private(set) var hasThinking = false
    /// A part has been sent that can't be told anew, nor counted.
    package private(set) var hasForeignPart = false
    package private(set) var finish: FinishReason?
    /// The cost that the present candidate has reported.
    package private(set) var usage: Usage?
    /// Fragments of text, thinking and tool calls: about the tokens given.
    package private(set) var fragments = 0
    /// The numbers of the choices seen.
    package private(set) var choices: Set<Int> = []

    private struct Call: Sendable {
        var number: Int
        var call: ToolCall
        var progress = ArgumentsProgress()
    }

    /// A piece of what was sent, in order; neighbours of the same kind are one.
    private enum Entry: Sendable {
        /// Bytes of ``text``, and of ``thinking``.
        case text(Int)
        case thinking(Int)
        /// A place in `calls`.
        case call(Int)
        case event(StreamEvent)
    }

    /// More was given than is kept.
    package private(set) var isFull = false
    private let limit: Int
    /// The size of what is kept, in bytes.
    private var size = 0
    private var entries: [Entry] = []
    private var thinking = ""
    private var calls: [Call] = []
    /// Tokens given by the candidates before the one that serves now.
    private var givenBefore = 0
    /// Of ``fragments``, those before the one that serves now.
    private var fragmentsBefore = 0
    /// The bytes of the fragments of the one that serves now.
    private var bytes = 0
    /// The most output that the one who serves now has said.
    private var output = 0

    /// - Parameter limit: in bytes.
    package init(limit: Int = 4 << 20) {
        self.limit = limit
    }

    package var hasVisibleText: Bool { !text.isEmpty }

    /// The calls whose arguments are whole.
    package var completedCalls: [ToolCall] {
        calls.filter { $0.progress.isComplete || finish != nil }.map(\.call)
    }

    package var hasOpenCall: Bool { finish == nil && calls.contains { !$0.progress.isComplete } }

    /// About the tokens given by all candidates: what a candidate says where
    /// it says more than was counted, since a fragment may hold several. Where
    /// it doesn't say, a fragment is a token, but three bytes are no more than
    /// one: some stream by the character, and their answers must not end early.
    package var tokensGiven: Int {
        givenBefore + max(min(fragments - fragmentsBefore, (bytes + 2) / 3), output)
    }

    private mutating func count(_ words: String) {
        guard !words.isEmpty else { return }
        fragments += 1
        bytes += words.utf8.count
    }

    package mutating func note(_ event: StreamEvent) {
        guard !isFull else { return noteEnd(event) }
        size += event.keptBytes
        guard size <= limit else {
            overflow()
            return noteEnd(event)
        }
        if let choice = event.choice {
            choices.insert(choice)
            guard choice == 0 else { return }
        }
        switch event {
        case .started(let id, let model, let created):
            guard !hasStarted else { return }
            hasStarted = true
            (self.id, self.model, self.created) = (id, model, created)
            entries.append(.event(event))
        case .text(_, let words):
            count(words)
            text += words
            if case .text(let count) = entries.last {
                entries[entries.count - 1] = .text(count + words.utf8.count)
            } else {
                entries.append(.text(words.utf8.count))
            }
        case .thinking(_, let words):
            count(words)
            hasThinking = true
            thinking += words
            if case .thinking(let count) = entries.last {
                entries[entries.count - 1] = .thinking(count + words.utf8.count)
            } else {
                entries.append(.thinking(words.utf8.count))
            }
        case .thinkingSignature, .redactedThinking:
            hasThinking = true
            entries.append(.event(event))
        case .partEnded: entries.append(.event(event))
        case .foreignPart: hasForeignPart = true
        case .refusal(_, let words):
            count(words)
            hasRefusal = true
            entries.append(.event(event))
        case .toolCallStarted(_, let number, let id, let name):
            guard !calls.contains(where: { $0.number == number }) else { return }
            entries.append(.call(calls.count))
            calls.append(Call(number: number, call: ToolCall(id: id, name: name, arguments: "")))
        case .toolCallArguments(_, let number, let fragment):
            count(fragment)
            guard let place = calls.lastIndex(where: { $0.number == number }) else { return }
            calls[place].call.arguments += fragment
            calls[place].progress.consume(fragment)
        // Opens the choice; the tokens' own text has not been sent.
        case .logprobs: if entries.count < 2 { entries.append(.text(0)) }
        case .finished(_, let reason, _):
            if finish == nil { finish = reason }
            entries.append(.event(event))
        case .usage(let usage):
            self.usage = usage
            output = max(output, usage.output)
        case .continued:
            givenBefore = tokensGiven
            fragmentsBefore = fragments
            bytes = 0
            output = 0
            entries.append(.event(event))
        case .ping, .failed, .ended: break
        }
    }

    private mutating func overflow() {
        isFull = true
        (text, thinking, calls, entries) = ("", "", [], [])
    }

    /// Keeps what can be known of an answer whose rest isn't kept.
    private mutating func noteEnd(_ event: StreamEvent) {
        if case .finished(0, let reason, _) = event, finish == nil { finish = reason }
    }

    /// The events that bring a fresh encoder into the state that the one has
    /// which wrote what was sent. Its bytes are to be thrown away.
    package var replay: [StreamEvent] {
        var events: [StreamEvent] = []
        var text = text.utf8[...]
        var thinking = thinking.utf8[...]
        for entry in entries {
            switch entry {
            case .text(let count):
                events.append(.text(choice: 0, String(decoding: text.prefix(count), as: UTF8.self)))
                text = text.dropFirst(count)
            case .thinking(let count):
                events.append(.thinking(choice: 0, String(decoding: thinking.prefix(count), as: UTF8.self)))
                thinking = thinking.dropFirst(count)
            case .call(let place):
                let number = calls[place].number
                let call = calls[place].call
                events.append(.toolCallStarted(choice: 0, call: number, id: call.id, name: call.name))
                if !call.arguments.isEmpty {
                    events.append(.toolCallArguments(choice: 0, call: number, fragment: call.arguments))
                }
            case .event(let event): events.append(event)
            }
        }
        if let usage { events.append(.usage(usage)) }
        return events
    }
}

extension StreamEvent {
    /// About what it costs to remember it.
    fileprivate var keptBytes: Int {
        switch self {
        // Joined to its neighbour.
        case .text(_, let words), .thinking(_, let words): words.utf8.count
        case .refusal(_, let words), .thinkingSignature(_, let words), .redactedThinking(_, let words):
            words.utf8.count + 64
        case .toolCallStarted(_, _, let id, let name): id.utf8.count + name.utf8.count + 128
        case .toolCallArguments(_, _, let fragment): fragment.utf8.count
        case .partEnded, .started, .finished, .continued: 64
        case .foreignPart, .logprobs, .usage, .ping, .failed, .ended: 0
        }
    }
}
