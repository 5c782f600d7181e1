package import Supervision

/// One harmless request as agents and people send them: texts, each with the
/// place that it stands in.
package struct HarmlessRequest: Sendable {
    package enum Place: Sendable {
        case system, tools, user, result, answer, call
    }

    package var texts: [(place: Place, text: String)] = []

    /// Makes a request of at least so many words, and few more.
    ///
    /// Short ones are a question, with a page or a record from some length on;
    /// longer ones are sessions of agents.
    package static func make(words: Int, from grammar: Grammar, _ chance: inout Chance) -> HarmlessRequest {
        var request = HarmlessRequest()
        guard words > 400 else {
            request.add(.user, grammar.make("ask", &chance))
            while request.length < words {
                if chance.isLucky(percent: 50) {
                    request.add(.result, grammar.make("output", &chance))
                } else {
                    request.add(.user, grammar.make(chance.isLucky(percent: 70) ? "ask" : "document", &chance))
                }
            }
            return request
        }
        request.add(.system, grammar.make("system", &chance))
        for _ in 0..<min(24, words / 200) { request.add(.tools, grammar.make("tool", &chance)) }
        while request.length < words {
            if chance.isLucky(percent: 30) {
                request.add(.user, grammar.make(chance.isLucky(percent: 60) ? "ask" : "reminder", &chance))
            }
            request.add(.answer, grammar.make("say", &chance))
            request.add(.call, grammar.make("call", &chance))
            var output = grammar.make("output", &chance)
            for _ in 0..<chance.below(4) { output += "\n" + grammar.make("output", &chance) }
            request.add(.result, output)
        }
        return request
    }

    private var length = 0

    private mutating func add(_ place: Place, _ text: String) {
        texts.append((place, text))
        // Near the number of words, and cheap.
        length += 1 + text.utf8.count / 6
    }

    /// The scores of the texts that count for each head, and the whole
    /// request's length.
    package func scores(by stage: FirstStage) -> FirstStageScores {
        var scores = FirstStageScores()
        for (place, text) in texts {
            var found = stage.assess(CanonicalText(text))
            for head in Head.allCases where !place.counts(for: head) {
                found.peaks[FirstStageScores.index(of: head)] = .min
            }
            scores.add(found)
        }
        return scores
    }
}

extension HarmlessRequest.Place {
    /// The system's text and tools' definitions are only flagged, and have no
    /// share in the thresholds.
    func counts(for head: Head) -> Bool {
        switch (self, head) {
        case (.system, _), (.tools, _): false
        case (_, .attack): self != .call
        case (_, .injection): self == .result
        case (_, .harm): self == .user
        case (_, .output): self == .answer || self == .call
        }
    }
}
