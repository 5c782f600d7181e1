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
        while request.length < words { request.addRound(from: grammar, &chance) }
        return request
    }

    /// Makes one round of an agent's work: at times a turn of the user, then
    /// words, a call and its result.
    package static func round(from grammar: Grammar, _ chance: inout Chance) -> HarmlessRequest {
        var request = HarmlessRequest()
        request.addRound(from: grammar, &chance)
        return request
    }

    private mutating func addRound(from grammar: Grammar, _ chance: inout Chance) {
        if chance.isLucky(percent: 30) {
            add(.user, grammar.make(chance.isLucky(percent: 60) ? "ask" : "reminder", &chance))
        }
        add(.answer, grammar.make("say", &chance))
        add(.call, grammar.make("call", &chance))
        var output = grammar.make("output", &chance)
        for _ in 0..<chance.below(4) { output += "\n" + grammar.make("output", &chance) }
        add(.result, output)
    }

    private var length = 0

    private mutating func add(_ place: Place, _ text: String) {
        texts.append((place, text))
        // Near the number of words, and cheap.
        length += 1 + text.utf8.count / 8
    }

    /// The scores of the texts that count for each head, and the whole
    /// request's length in both.
    package func scores(by stage: FirstStage) -> Scores {
        var scores = Scores()
        for (place, text) in texts { scores.add(stage.assess(CanonicalText(text)), from: place) }
        return scores
    }

    /// The scores of turns and calls, and those of texts that are read.
    package struct Scores: Sendable {
        package var turns = FirstStageScores()
        package var read = FirstStageScores()
        package var length: Int { turns.length }

        package init() {}

        package mutating func add(_ found: FirstStageScores, from place: Place) {
            var (counted, other) = (found, found)
            other.peaks = SIMD4(repeating: .min)
            for head in Head.allCases where !place.counts(for: head) {
                counted.peaks[FirstStageScores.index(of: head)] = .min
            }
            turns.add(place == .result ? other : counted)
            read.add(place == .result ? counted : other)
        }

        package mutating func add(_ more: Self) {
            turns.add(more.turns)
            read.add(more.read)
        }
    }
}

extension HarmlessRequest.Place {
    /// The system's text and tools' definitions are only flagged, and have no
    /// share in the thresholds.
    func counts(for head: Head) -> Bool {
        switch (self, head) {
        case (.system, _), (.tools, _): false
        case (.result, _): head == .attack || head == .injection
        case (_, .attack): self != .call
        case (_, .injection): false
        case (_, .harm): self == .user
        case (_, .output): self == .answer || self == .call
        }
    }
}
