import Conversation
import DialectAnthropic
import DialectBedrock
import DialectOpenAI
import DialectResponses
import Documented
import NIOCore
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

    @Test("Bedrock's callers are told another error than the row says", arguments: kinds)
    func bedrock(kind: APIProblem.Kind) throws {
        let table = try DocumentedPage("dialect-bedrock").table(under: "## Errors")
        let row = try #require(table.rows.first { $0.cells[0].codeSpans.contains("\(kind)") })
        for door in [ConverseDialect() as any CallerProtocol, InvokeDialect()] {
            let problem = APIProblem(kind, "No.")
            #expect(door.status(of: problem) == Self.statuses(row.cells[1]).first)
            var fields = HTTPFieldList()
            door.addErrorFields(of: problem, to: &fields)
            #expect(fields["x-amzn-errortype"] == row.cells[2].codeSpans.first)
            #expect(try JSONDocument(door.encodeProblem(problem, requestID: "r")).root["message"]?.string == "No.")
        }
    }

    @Test("callers of Responses are told another error than the row says", arguments: kinds)
    func responses(kind: APIProblem.Kind) throws {
        let table = try DocumentedPage("dialect-responses").table(under: "## Errors")
        let row = try row(kind.status, of: table, column: 0)
        let dialect = ResponsesDialect(now: { 0 })
        let error = try JSONDocument(dialect.encodeProblem(APIProblem(kind, "No."), requestID: "r")).root["error"]
        #expect(error?["type"]?.string == row.cells[1].codeSpans.first)
        // In a stream, the code says whether asking again is of use.
        let codes = try DocumentedPage("dialect-responses").table(under: "## Errors", 1).rows.prefix(3)
        let event = String(buffer: dialect.encodeStreamProblem(APIProblem(kind, "No."), requestID: "r"))
        let code = try #require(
            codes.compactMap { $0.cells[1].codeSpans.first }.first { event.contains("\"code\":\"\($0)\"") })
        let expected: String? =
            switch kind {
            case .limited: "rate_limit_exceeded"
            case .internalFailure, .badUpstream, .unavailable, .deadline: "server_error"
            default: "invalid_prompt"
            }
        #expect(code == expected)
    }

    @Test("a row is of an error that nobody is told") func statuses() throws {
        let told = Set(Self.kinds.map(\.status))
        #expect(try statuses(of: DocumentedPage("dialect-openai").table(under: "## Errors"), column: 0) == told)
        #expect(try statuses(of: DocumentedPage("dialect-anthropic").table(under: "## Errors"), column: 1) == told)
        #expect(try statuses(of: DocumentedPage("dialect-responses").table(under: "## Errors"), column: 0) == told)
    }
}
