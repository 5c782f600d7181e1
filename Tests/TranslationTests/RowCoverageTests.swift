import Documented
import Testing

/// A case for every row, and a row for every case: whoever writes a row down,
/// or changes one, meets this.
@Suite("Tables and their cases") struct RowCoverageTests {
    private static func cases(of set: CaseSet) -> [Case] { Case.all.filter { $0.set.file == set.file } }

    @Test("a row has no case", arguments: CaseSet.all) func rows(_ set: CaseSet) throws {
        let table = try set.table()
        for (row, name) in zip(table.rows, table.names) {
            let cases = Self.cases(of: set).filter { $0.row == name }
            let shown = cases.reduce(into: Set<CaseSet.Side>()) { $0.formUnion($1.sides) }
            for side in set.needs(row).subtracting(shown) {
                Issue.record("no case of \(side.rawValue) for the row \(name) in \(set.file).jsonl")
            }
            for member in set.naming.flatMap({ row.cells[$0].memberNames }) {
                #expect(
                    cases.contains { $0.line.contains(member) },
                    "no case has \(member) of the row \(name) in \(set.file).jsonl")
            }
        }
    }

    @Test("a case names a row or a sentence that is not there", arguments: CaseSet.all)
    func named(_ set: CaseSet) throws {
        let names = Set(try set.table().names)
        let page = try DocumentedPage(set.page)
        let cases = Self.cases(of: set)
        #expect(!cases.isEmpty)
        for one in cases {
            _ = try one.read()
            if let row = one.row {
                #expect(names.contains(row), "\(one.place): there is no row \(row)")
            } else {
                let rule = try #require(one.rule, "\(one.place) names no row and no rule")
                #expect(page.says(rule), "\(one.place): the page doesn't say “\(rule)”")
            }
        }
    }

    /// Tables that other tests hold to their rows, or that say nothing of a
    /// request or an answer.
    private static let others: Set<String> = [
        // ServerRowTests
        "dialect-openai ### Servers 0", "dialect-openai ### Servers 1",
        // ErrorRowTests
        "dialect-openai ## Errors 0", "dialect-anthropic ## Errors 0",
        // EngineRowTests
        "dialect-openai ## The engine 1",
        // The meaning of three words, and an estimate beside published counts
        "dialect-anthropic # The Anthropic dialect 0", "dialect-anthropic ## Counting tokens 0",
        "dialect-bedrock # The Bedrock dialects 0",
        // DialectBedrockTests, FrontDoorTests
        "dialect-bedrock ## Addresses 0",
        // ErrorRowTests
        "dialect-bedrock ## Errors 0", "dialect-responses ## Errors 0", "dialect-responses ## Errors 1",
        // DialectResponsesTests
        "dialect-responses ## Nothing is kept 0",
    ]

    @Test(
        "a table has no cases",
        arguments: ["dialect-openai", "dialect-anthropic", "dialect-bedrock", "dialect-responses"])
    func tables(page: String) throws {
        let documented = try DocumentedPage(page)
        for heading in documented.headings {
            for number in try documented.tables(under: heading).indices {
                let hasCases = CaseSet.all.contains {
                    $0.page == page && $0.heading == heading && $0.number == number
                }
                #expect(
                    hasCases != Self.others.contains("\(page) \(heading) \(number)"),
                    "table \(number) under \(heading) of docs/\(page).md")
            }
        }
    }
}
