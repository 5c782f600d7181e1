import Conversation

/// The rules that make one verdict of what was found in a request's blocks.
///
/// - A system prompt is never replaced.
/// - A text of the conversation's past, and a model's own words in it, never
///   block: they are withheld.
/// - The harm head never blocks alone, and a head of the second stage that is
///   advisory never does more than flag.
/// - No part of an answer that is on its way can be replaced: `withhold` ends
///   it as `block` does.
struct BlockRules: Sendable {
    /// The most findings that a verdict has; the strictest are kept.
    static let mostFindings = 64

    let constitution: Constitution
    let advisory: Set<Head>
    /// The least strictness of all detectors, by which most texts are done with.
    private let least: Int

    init(constitution: Constitution, advisory: Set<Head>) {
        self.constitution = constitution
        self.advisory = advisory
        least = constitution.clauses.flatMap(\.detectors).map { max(1, $0.strictness) }.min() ?? .max
    }

    /// Something that was found in a block, before any rule.
    struct Hit: Sendable, Hashable {
        /// The clause's place in the constitution.
        var clause: Int
        /// The action that the clause has for the scope.
        var action: Clause.Action
        var detector: Finding.Detector
        var score: Double
    }

    // MARK: Clauses

    /// The hits of literals.
    func hits(_ literals: LiteralHits, in scope: PassageScope) -> [Hit] {
        literals.clauses.sorted().compactMap { place in
            constitution.clauses[place].actions[scope].map {
                Hit(clause: place, action: $0, detector: .literal, score: 1)
            }
        }
    }

    /// The hits of a text that hides a part of itself.
    func hitsOfHiding(in scope: PassageScope) -> [Hit] {
        constitution.clauses.enumerated().compactMap { place, clause in
            guard let hidden = clause.hiddenText, let action = clause.actions[scope] else { return nil }
            return Hit(clause: place, action: min(hidden, action), detector: .hiddenText, score: 1)
        }
    }

    /// The hits of a classifier's scores.
    func hits(_ scores: RelativeScores, in scope: PassageScope, isSecond: Bool) -> [Hit] {
        guard scores.highest * 1000 >= Double(least) else { return [] }
        var hits: [Hit] = []
        for (place, clause) in constitution.clauses.enumerated() {
            guard let action = clause.actions[scope] else { continue }
            for detector in clause.detectors {
                let score = scores[detector.head] * 1000 / Double(max(1, detector.strictness))
                guard score >= 1 else { continue }
                hits.append(
                    Hit(
                        clause: place, action: action,
                        detector: isSecond ? .second(detector.head) : .first(detector.head), score: score))
            }
        }
        return hits
    }

    // MARK: Actions

    /// The action that a hit has in the end.
    func action(_ hit: Hit, among hits: [Hit], in block: PassageBlock) -> Clause.Action {
        if onlyFlags(hit) { return .flag }
        if hit.action == .block, hit.detector.isHarm,
            !hits.contains(where: { !$0.detector.isHarm && !onlyFlags($0) })
        {
            return .flag
        }
        if block.isLive { return hit.action == .flag ? .flag : .block }
        switch (hit.action, block.scope) {
        case (.withhold, .system): return .flag
        case (.block, _): return block.canBlock ? .block : .withhold
        default: return hit.action
        }
    }

    private func onlyFlags(_ hit: Hit) -> Bool {
        if case .second(let head) = hit.detector { advisory.contains(head) } else { false }
    }

    /// The note in a block's place; nil where none of its hits replaces it.
    func note(_ hits: [Hit], in block: PassageBlock) -> WithheldNote? {
        guard let strictest = strictest(hits.filter { action($0, among: hits, in: block) >= .withhold }) else {
            return nil
        }
        let clause = constitution.clauses[strictest.clause].id
        return WithheldNote(clause: clause, reference: Reference.of(block.text, clause: clause))
    }

    /// The hit that names a block's note: by what the clause says, and not by
    /// what becomes of it in this turn, so that the note is the same in the next.
    private func strictest(_ hits: [Hit]) -> Hit? { hits.max { rank($0) < rank($1) } }

    private func rank(_ hit: Hit) -> (Clause.Action, Clause.Severity, Int) {
        (hit.action, constitution.clauses[hit.clause].severity, -hit.clause)
    }

    // MARK: Verdicts

    func verdict(_ blocks: [JudgedBlock], coverage: Coverage) -> Verdict {
        var verdict = Verdict(.allow, coverage: coverage)
        var ranked: [(finding: Finding, text: String)] = []
        for judged in blocks where !judged.hits.isEmpty {
            for hit in judged.hits {
                let action = action(hit, among: judged.hits, in: judged.block)
                let finding = Finding(
                    constitution.clauses[hit.clause], action, judged.block.scope, path: judged.block.path,
                    block: judged.block.number, by: hit.detector, score: hit.score)
                verdict.ruling = max(verdict.ruling, action.ruling)
                ranked.append((finding, judged.block.text))
            }
            if !judged.block.isLive, let note = note(judged.hits, in: judged.block) {
                verdict.withheld[judged.block.number] = note
            }
        }
        ranked.sort { one, other in
            (one.finding.action, one.finding.severity, one.finding.score)
                > (other.finding.action, other.finding.severity, other.finding.score)
        }
        verdict.findings = ranked.prefix(Self.mostFindings).map(\.finding)
        verdict.reference = ranked.first.map { Reference.of($0.text, clause: $0.finding.clause) }
        return verdict
    }
}

/// A block and all that was found in it.
struct JudgedBlock: Sendable {
    var block: PassageBlock
    var hits: [BlockRules.Hit] = []

    mutating func add(_ more: [BlockRules.Hit]) {
        for hit in more {
            guard let place = hits.firstIndex(where: { $0.clause == hit.clause && $0.detector == hit.detector }) else {
                hits.append(hit)
                continue
            }
            hits[place].score = max(hits[place].score, hit.score)
        }
    }
}

extension Clause.Action: Comparable {
    package static func < (a: Self, b: Self) -> Bool { a.ruling < b.ruling }

    /// The ruling that it leads to.
    var ruling: Verdict.Ruling {
        switch self {
        case .flag: .flag
        case .withhold: .withhold
        case .block: .block
        }
    }
}

extension Clause.Severity: Comparable {
    package static func < (a: Self, b: Self) -> Bool { a.place < b.place }
    private var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

extension Finding.Detector {
    var isHarm: Bool { self == .first(.harm) || self == .second(.harm) }
}
