import Documented
import Failures
import Gateway
import Resilience
import Testing

/// The candidate that a request asks after a failure, as the table of causes has it.
@Suite("Whom a request asks next, row by row") struct CauseRowTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let cause: Cause
        let again: String
        let next: String

        var testDescription: String { cause.rawValue }

        static func all() throws -> [Row] {
            try DocumentedPage("failures").table(under: "# Why did it say no?").rows.flatMap { row in
                try row.cells[0].codeSpans.map { name in
                    let cause = try #require(Cause(rawValue: name), "\(name)")
                    return Row(cause: cause, again: row.cells[2], next: row.cells[3])
                }
            }
        }
    }

    /// The table, as far as it can be read; ``causes()`` tells where it can't.
    static let rows = (try? Row.all()) ?? []

    @Test("a cause has no row, or two") func causes() throws {
        #expect(try Row.all().map(\.cause.rawValue).sorted() == Cause.allCases.map(\.rawValue).sorted())
    }

    /// The step after the first candidate's failure; a wait is waited for.
    private func step(
        after row: Row, contexts: [Int?], movesOnRefusal: Bool = false
    ) -> AttemptPlan.Step {
        var plan = AttemptPlan(contexts: contexts)
        var now = Duration.seconds(100)
        func next() -> AttemptPlan.Step {
            plan.next(now: now, latest: now + .seconds(30), standing: { _ in .free }, mayRepeat: { _ in true })
        }
        #expect(next() == .ask(0, .first))
        plan.asked(0)
        let verdict = Verdict(row.cause, .model, rule: "test", status: 503)
        plan.failed(0, verdict, now: now, movesOnRefusal: movesOnRefusal)
        let step = next()
        guard case .wait(let until) = step else { return step }
        now = until
        return next()
    }

    @Test("the next candidate is asked, or isn't, against the row", arguments: rows) func next(_ row: Row) throws {
        let asks: Bool
        switch row.next.prefix(while: \.isLetter) {
        case "yes", "once": asks = true
        // A rewritten request is another one.
        case "no", "after": asks = false
        case let word:
            Issue.record("“\(word)” says neither yes nor no")
            return
        }
        #expect(step(after: row, contexts: [nil, nil]) == (asks ? .ask(1, .first) : .stop))
        let routeDecides = row.next.contains("unless the route says `on_refusal: next`")
        #expect(
            (step(after: row, contexts: [nil, nil], movesOnRefusal: true) == .ask(1, .first)) == (asks || routeDecides))
        let contextDecides = row.next.contains("unless the candidate's context is known not to be larger")
        #expect((step(after: row, contexts: [8000, 8000]) == .ask(1, .first)) == (asks && !contextDecides))
        #expect((step(after: row, contexts: [8000, 9000]) == .ask(1, .first)) == asks)
    }

    @Test("the same candidate is asked again, or isn't, against the row", arguments: rows) func again(_ row: Row) {
        let asks: Bool
        switch row.again.prefix(while: \.isLetter) {
        case "only", "once", "as": asks = true
        case "no": asks = false
        case let word:
            Issue.record("“\(word)” says neither yes nor no")
            return
        }
        let step = step(after: row, contexts: [nil])
        if case .ask(0, _) = step { #expect(asks) } else { #expect(!asks && step == .stop, "\(step)") }
    }
}
