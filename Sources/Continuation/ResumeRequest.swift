package import Conversation
import Wire

/// The way in which a candidate is asked to continue an answer.
package enum ContinuationMode: Sendable, Equatable {
    /// The original request, asked again.
    case restart
    /// The text up to its last whole word, as a turn that the candidate goes
    /// on with.
    case prefill
    /// All of the text, for a candidate that wrote another word than was
    /// sent.
    case exactPrefill
    /// All of the text and the user's wish that it be continued, for
    /// candidates that take no prefill.
    case instruction
}

/// The request that asks a candidate to go on.
package struct ResumeRequest: Sendable, Equatable {
    package var request: ChatRequest
    /// The part of the text that the candidate was given as its own.
    package var given: String
    /// Nothing remains of the caller's most tokens: the answer is complete by
    /// length, and nobody needs to be asked.
    package var outOfTokens: Bool

    /// - Returns: nil where the journal can't be resumed in that mode:
    ///   a restart after visible text, or anything after a tool call.
    package static func make(_ original: ChatRequest, _ journal: StreamJournal, _ mode: ContinuationMode)
        -> ResumeRequest?
    {
        guard journal.completedCalls.isEmpty, !journal.hasOpenCall, !journal.hasRefusal else { return nil }
        if mode == .restart {
            return journal.hasVisibleText ? nil : ResumeRequest(request: original, given: "", outOfTokens: false)
        }
        var request = original
        // Reasoning belongs before the text, which has begun; some providers
        // refuse a prefill with it.
        request.reasoning = nil
        request.effort = nil
        describeFormat(original.responseFormat, in: &request)
        var outOfTokens = false
        if let most = original.maxTokens {
            request.maxTokens = most - journal.tokensGiven
            outOfTokens = most <= journal.tokensGiven
        }
        let text = Scalars(journal.text)
        let cut: Cut =
            switch mode {
            case .prefill: .atWord(text)
            case .instruction: Cut(given: text, tail: [])
            case .restart, .exactPrefill: .exact(text)
            }
        // White space alone is nothing to go on from: the answer begins anew.
        guard text.trailingSpace > 0 else {
            return ResumeRequest(request: request, given: "", outOfTokens: outOfTokens)
        }
        let given = String(cut.given)
        request.messages.say(given)
        if mode == .instruction {
            request.messages.append(Message(.user, [.text(instruction(text, isJSON: original.wantsJSON))]))
        }
        return ResumeRequest(request: request, given: given, outOfTokens: outOfTokens)
    }

    private static func instruction(_ text: Scalars, isJSON: Bool) -> String {
        var words = "Your answer was cut off by a technical fault. Continue it exactly where it stopped. "
        if let word = Joint.lastWord(of: text) {
            words += "Begin by repeating its last word, which may be incomplete: «\(String(word))». "
        } else {
            words += "Begin with the very next character. "
        }
        words += "Repeat nothing else, and write no introduction, apology or comment."
        if isJSON { words += " The answer as a whole must be valid JSON, without a code fence." }
        return words
    }

    /// A grammar would begin anew in the middle of the text: the candidate is
    /// told in words what it can't be held to.
    private static func describeFormat(_ format: ResponseFormat?, in request: inout ChatRequest) {
        request.responseFormat = nil
        let words: String
        switch format {
        case .text, nil: return
        case .jsonObject: words = "Answer with one JSON object and nothing else."
        case .jsonSchema(_, _, let schema, _):
            words = "Answer with one JSON value and nothing else. It must match this JSON Schema: \(schema.text)"
        }
        // Templates of some models take instructions at the beginning only,
        // and only once.
        if let first = request.messages.first, first.role == .system || first.role == .developer {
            request.messages[0].content.append(.text("\n\n" + words))
        } else {
            request.messages.insert(Message(.system, [.text(words)]), at: 0)
        }
    }
}

extension [Message] {
    /// Lets the assistant have said `text`. Where the caller put words into
    /// its mouth already, the text goes on with them.
    fileprivate mutating func say(_ text: String) {
        guard let last, last.role == .assistant else { return append(Message(.assistant, [.text(text)])) }
        if case .text(let begun) = last.content.last {
            self[count - 1].content[last.content.count - 1] = .text(begun + text)
        } else {
            self[count - 1].content.append(.text(text))
        }
    }
}
