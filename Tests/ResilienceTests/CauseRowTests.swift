import Documented
import Failures
import Resilience
import Testing

/// The memory of a failure, as the table of causes has it.
@Suite("What is remembered, row by row") struct CauseRowTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let cause: Cause
        let memory: String

        var testDescription: String { cause.rawValue }

        static func all() throws -> [Row] {
            try DocumentedPage("failures").table(under: "# Why did it say no?").rows.flatMap { row in
                try row.cells[0].codeSpans.map { name in
                    Row(cause: try #require(Cause(rawValue: name), "\(name)"), memory: row.cells[4])
                }
            }
        }
    }

    /// The table, as far as it can be read; ``causes()`` tells where it can't.
    static let rows = (try? Row.all()) ?? []

    @Test("a cause has no row, or two") func causes() throws {
        #expect(try Row.all().map(\.cause.rawValue).sorted() == Cause.allCases.map(\.rawValue).sorted())
    }

    @Test("a failure is remembered otherwise than its row says", arguments: rows) func memory(_ row: Row) {
        let bench = Bench()
        switch row.memory.prefix(while: \.isLetter) {
        case "none":
            for _ in 0..<5 { bench.fail(row.cause, .request) }
            #expect(bench.book.isQuiet)
        case "breaker":
            bench.fail(row.cause, .model)
            #expect(bench.isFree())
            for _ in 0..<2 { bench.fail(row.cause, .model) }
            #expect(!bench.isFree() && bench.book.holds.isEmpty)
        case "until":
            bench.fail(row.cause, .credentialModel, retryAfter: .seconds(7))
            #expect(bench.book.holds.map(\.firmness) == [.timed])
            bench.tick += .seconds(7)
            #expect(bench.isFree())
        case "a", "provisional", "the":
            let scope = row.memory.contains("per credential and model") ? Scope.credentialModel : nil
            let perCredential = row.memory.contains("per credential") ? Scope.credential : .model
            bench.fail(row.cause, scope ?? perCredential, evidence: row.cause == .withdrawn ? .explicit : nil)
            #expect(bench.book.holds.map(\.firmness) == [.provisional])
            #expect(!bench.isFree())
            // As far as it reaches, and no further.
            #expect(bench.isFree(Bench.place(credential: "other")) == (row.memory.contains("per credential")))
            #expect(bench.isFree(Bench.place("other")) == (scope ?? perCredential != .credential))
        case let word: Issue.record("“\(word)” is no memory that is known")
        }
    }
}
