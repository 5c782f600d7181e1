package import Conversation

/// Withholds a tool call until it is whole, so that none is ever delivered
/// in half.
///
/// What follows a withheld call waits with it: the order stays. A finish
/// reason lets everything through as the model left it.
package struct ToolCallGate: Sendable {
    private var waiting: [StreamEvent] = []
    private var open: [Key: ArgumentsProgress] = [:]

    private struct Key: Hashable, Sendable {
        var choice: Int
        var call: Int
    }

    package init() {}

    /// Something is withheld.
    package var isHolding: Bool { !waiting.isEmpty }

    package mutating func take(_ event: StreamEvent, into events: inout [StreamEvent]) {
        switch event {
        case .toolCallStarted(let choice, let call, _, _):
            waiting.append(event)
            open[Key(choice: choice, call: call)] = ArgumentsProgress()
        case .toolCallArguments(let choice, let call, let fragment):
            let key = Key(choice: choice, call: call)
            guard open[key] != nil || isHolding else { return events.append(event) }
            waiting.append(event)
            open[key]?.consume(fragment)
            if open[key]?.isComplete == true {
                open[key] = nil
                release(into: &events)
            }
        case .finished:
            open = [:]
            release(into: &events)
            events.append(event)
        case .ended where isHolding:
            // Without a finish reason nothing says that the call is whole.
            drop()
            events.append(
                .failed(ProviderError(status: 200, message: "The stream ended in the middle of a tool call.")))
        case .started, .usage, .ping, .failed, .ended, .continued: events.append(event)
        default: if isHolding { waiting.append(event) } else { events.append(event) }
        }
    }

    /// Lets everything out, whole or not.
    package mutating func giveUp(into events: inout [StreamEvent]) {
        open = [:]
        release(into: &events)
    }

    /// The stream broke off: what is withheld was never said.
    package mutating func drop() {
        waiting = []
        open = [:]
    }

    /// Lets out what stands before the first call that is still open, each
    /// call with its arguments in one piece.
    private mutating func release(into events: inout [StreamEvent]) {
        while let first = waiting.first {
            guard case .toolCallStarted(let choice, let call, _, _) = first else {
                events.append(waiting.removeFirst())
                continue
            }
            guard open[Key(choice: choice, call: call)] == nil else { return }
            events.append(first)
            var arguments = ""
            waiting.removeFirst()
            waiting.removeAll { event in
                guard case .toolCallArguments(choice, call, let fragment) = event else { return false }
                arguments += fragment
                return true
            }
            if !arguments.isEmpty {
                events.append(.toolCallArguments(choice: choice, call: call, fragment: arguments))
            }
        }
    }
}
