import Conversation
import DialectAnthropic
import DialectOpenAI
import Documented
import Testing
import Wire

/// The tables of Holdfast's own errors.
@Suite("Errors, row by row") struct ErrorRowTests {
    static let kinds: [APIProblem.Kind] = [
        .invalidRequest, .unauthenticated, .forbidden, .notFound, .gone, .methodNotAllowed, .tooLarge, .headersTooLarge,
        .limited, .internalFailure, .badUpstream, .unavailable, .outOfOrder, .deadline,
    ]

    /// The row of a status.
    private func row(_ status: Int, of table: DocumentedTable, column: Int) throws -> DocumentedRow {
        let rows = table.rows.filter { Self.statuses($0.cells[column]).contains(status) }
        #expect(rows.count == 1, "\(status) stands in \(rows.count) rows")
        return try #require(rows.first)
    }

    private static func statuses(_ cell: String) -> [Int] {
        cell.split(whereSeparator: { ",; ".contains($0) }).compactMap { Int($0) }
    }

    private func statuses(of table: DocumentedTable, column: Int) -> Set<Int> {
        Set(table.rows.flatMap { Self.statuses($0.cells[column]) })
    }

    @Test("OpenAI's callers are told another error than the row says", arguments: kinds)
    func openAI(kind: APIProblem.Kind) throws {
        let table = try DocumentedPage("dialect-openai").table(under: "## Errors")
        let row = try row(kind.status, of: table, column: 0)
        let dialect = OpenAIDialect(now: { 0 })
        let error = try JSONDocument(dialect.encodeProblem(APIProblem(kind, "No."), requestID: "r")).root["error"]
        #expect(error?["type"]?.string == row.cells[1].codeSpans.first)
        #expect(error?["code"]?.string == (row.cells[2] == "null" ? nil : row.cells[2].codeSpans.first))
        #expect(error?["code"] != nil)
    }

    @Test("Anthropic's callers are told another error than the row says", arguments: kinds)
    func anthropic(kind: APIProblem.Kind) throws {
        let table = try DocumentedPage("dialect-anthropic").table(under: "## Errors")
        let row = try row(kind.status, of: table, column: 1)
        let body = AnthropicDialect().encodeProblem(APIProblem(kind, "No."), requestID: "r")
        #expect(try JSONDocument(body).root["error"]?["type"]?.string == row.cells[2].codeSpans.first)
    }

    @Test("a row is of an error that nobody is told") func statuses() throws {
        let told = Set(Self.kinds.map(\.status))
        #expect(try statuses(of: DocumentedPage("dialect-openai").table(under: "## Errors"), column: 0) == told)
        #expect(try statuses(of: DocumentedPage("dialect-anthropic").table(under: "## Errors"), column: 1) == told)
    }
}
