import Conversation
import Gateway
import Ledger
import Supervision

extension SupervisionRecord {
    /// Writes the supervisor's part in a request: rulings, names and digests,
    /// never a text that was judged.
    func write(to entry: inout EntryWriter) {
        entry.member(.extent, extent.rawValue)
        entry.member(.policy, ifPresent: policy?.text)
        if let weights = policy?.weights, !weights.isEmpty {
            entry.list(.weights) { entry in for digest in weights.prefix(16) { entry.text(digest) } }
        }
        if let request { entry.object(.request) { request.verdict.write(to: &$0) } }
        if let answer { entry.object(.answer) { answer.verdict.write(to: &$0) } }
        // A provider's word, which may be any.
        if let providerRefusal { entry.member(.refusal, String(providerRefusal.prefix(64))) }
    }
}

extension Verdict {
    fileprivate func write(to entry: inout EntryWriter) {
        if ruling == .error { entry.member(.reason, errorWord) }
        entry.member(.ruling, ruling.rawValue)
        if !findings.isEmpty {
            entry.list(.clauses) { entry in
                var seen: Set<String> = []
                // An entry has a most of bytes.
                for finding in findings where seen.count < 16 && seen.insert(finding.clause).inserted {
                    entry.text(finding.clause)
                }
            }
        }
        entry.member(.reference, ifPresent: reference)
        entry.member(.windows, coverage.windows)
        entry.member(.secondStage, coverage.secondStage)
        if !coverage.unseen.isEmpty {
            entry.list(.unseen) { entry in
                for part in UnseenPart.allCases where coverage.unseen.contains(part) { entry.text(part.rawValue) }
            }
        }
    }
}
