package import Conversation
import Wire

/// The way in which an answer that broke off can be completed.
package enum Resumption: Sendable, Equatable {
    /// Nothing that a reader would see has been sent: the original request
    /// is asked again. Thinking that was sent is not mixed with new thinking.
    case restart
    /// Text has been sent: a candidate goes on with it.
    case resume
    /// The answer is complete; ``StreamJournal/completion(of:)`` ends it.
    case whole
    /// No candidate can continue, for the reason given.
    case impossible(String)
}

extension StreamJournal {
    package func resumption(of request: ChatRequest) -> Resumption {
        if let wanted = request.choices, wanted > 1 {
            return .impossible("\(wanted) choices were asked for; only one can be continued")
        }
        if choices.contains(where: { $0 != 0 }) { return .impossible("it has more than one choice") }
        if finish != nil { return .whole }
        if isFull { return .impossible("it is longer than what is remembered of one (`limits.continuation`)") }
        if hasOpenCall { return .impossible("a tool call was sent in part and can't be taken back") }
        if !completedCalls.isEmpty { return .whole }
        if hasForeignPart { return .impossible("a part was sent of a kind that only its provider can go on from") }
        if hasRefusal { return .impossible("the model had begun to refuse") }
        guard hasVisibleText else { return .restart }
        return holdsWholeJSON(request) ? .whole : .resume
    }

    /// Returns the events that a `whole` answer still lacks: the finish reason,
    /// where it hasn't come, and the terminal event. A tool call that was
    /// delivered is never made again, so that an answer which broke off after a
    /// call ends with that call.
    package func completion(of request: ChatRequest) -> [StreamEvent] {
        guard finish == nil else { return [.ended] }
        let reason: FinishReason = completedCalls.isEmpty ? .endTurn : .toolCalls
        return [.finished(choice: 0, reason, stopSequence: nil), .ended]
    }

    /// Returns whether JSON was asked for and has been sent to its last
    /// bracket: nothing that could follow belongs to it.
    private func holdsWholeJSON(_ request: ChatRequest) -> Bool {
        guard request.wantsJSON else { return false }
        var progress = ArgumentsProgress()
        progress.consume(text)
        return progress.isComplete && WholeValue.parses(text)
    }
}

extension ChatRequest {
    var wantsJSON: Bool {
        switch responseFormat {
        case .jsonObject, .jsonSchema: true
        case .text, nil: false
        }
    }
}
