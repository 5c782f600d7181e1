import Documented
import Failures
import Testing

/// The table of causes against the recorded failures.
@Suite("Causes, row by row") struct CauseRowTests {
    @Test("a cause has no row, or two") func rows() throws {
        let table = try DocumentedPage("failures").table(under: "# Why did it say no?")
        let named = table.rows.flatMap { $0.cells[0].codeSpans }
        #expect(named.sorted() == Cause.allCases.map(\.rawValue).sorted())
    }

    @Test("no failure that was recorded has this cause", arguments: Cause.allCases)
    func recorded(cause: Cause) { #expect(RowTests.rows.contains { $0.failure.cause == cause.rawValue }) }

    @Test("no failure that was recorded reaches so far, or the page doesn't say it", arguments: Scope.allCases)
    func scopes(scope: Scope) throws {
        #expect(RowTests.rows.contains { $0.failure.scope == scope.rawValue })
        #expect(try DocumentedPage("failures").says("`\(scope.rawValue)`"))
    }
}
