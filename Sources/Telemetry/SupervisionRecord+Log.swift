import Conversation
import Encodings
import Gateway
import Supervision
import Wire

extension SupervisionRecord {
    /// Writes the members of the request log's `supervision`: rulings, clauses,
    /// places and times, never a text that was judged.
    func write(to json: inout JSONWriter) {
        json.member("extent", extent.rawValue)
        json.member("policy", ifPresent: policy?.text)
        if let request { json.object("request") { request.write(to: &$0) } }
        if let answer { json.object("answer") { answer.write(to: &$0) } }
        json.member("refusal", ifPresent: providerRefusal.map { Printable.excerpt($0, 64) })
    }

    /// The same for people, where there is more to say than that it passed.
    var words: String {
        var words = extent == .ran ? "" : " supervision=\(extent.rawValue)"
        for (side, judgement) in [("request", request), ("answer", answer)] {
            guard let verdict = judgement?.verdict, verdict.ruling != .allow else { continue }
            words += " \(side):\(verdict.ruling.rawValue)"
            if let clause = verdict.decisiveClause { words += "[\(Printable.text(clause))]" }
            if verdict.ruling == .error { words += "[\(verdict.errorWord)]" }
        }
        return words
    }
}

extension SupervisionRecord.Judgement {
    fileprivate func write(to json: inout JSONWriter) {
        json.member("ruling", verdict.ruling.rawValue)
        if verdict.ruling == .error { json.member("error", verdict.errorWord) }
        if !verdict.findings.isEmpty {
            json.array("findings") { json in
                for finding in verdict.findings.prefix(16) { json.object { finding.write(to: &$0) } }
            }
        }
        json.member("reference", ifPresent: verdict.reference)
        if !verdict.withheld.isEmpty { json.member("withheld", verdict.withheld.count) }
        json.member("windows", verdict.coverage.windows)
        json.member("second_stage", verdict.coverage.secondStage)
        json.member("cached", verdict.coverage.cached)
        if !verdict.coverage.unseen.isEmpty {
            json.array("unseen") { json in
                for part in UnseenPart.allCases where verdict.coverage.unseen.contains(part) {
                    json.value(part.rawValue)
                }
            }
        }
        let nanoseconds = duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
        json.member("took_ms", Double(nanoseconds / 10_000) / 100)
    }
}

extension Finding {
    fileprivate func write(to json: inout JSONWriter) {
        json.member("clause", clause)
        json.member("severity", severity.rawValue)
        json.member("action", action.rawValue)
        json.member("scope", scope.rawValue)
        json.member("path", ifPresent: path.map { Printable.excerpt($0, 200) })
        switch detector {
        case .literal: json.member("by", "literal")
        case .hiddenText: json.member("by", "hidden_text")
        case .first(let head): json.member("by", "first stage: \(head.rawValue)")
        case .second(let head): json.member("by", "second stage: \(head.rawValue)")
        }
        // To a hundredth; a broken detector's is no number.
        if score.isFinite, abs(score) < 1e6 { json.member("score", (score * 100).rounded() / 100) }
    }
}
