import Documented
import Testing

/// A file of `Tests/Fixtures/dialects`, and the table of `docs` whose rows its
/// cases are of.
struct CaseSet: Sendable, CustomTestStringConvertible {
    /// A view of a row that needs a case of its own.
    enum Side: String, Sendable {
        /// A caller speaks the page's dialect.
        case door
        /// A provider speaks it.
        case provider
        case whole
        case stream
    }

    /// Without `.jsonl`.
    let file: String
    let page: String
    let heading: String
    /// The place of the table among those under the heading.
    var number = 0
    /// The columns whose members all have to stand in a case.
    var naming: [Int]
    let needs: @Sendable (DocumentedRow) -> Set<Side>

    var testDescription: String { file }

    func table() throws -> DocumentedTable { try DocumentedPage(page).table(under: heading, number) }

    static let all: [CaseSet] = [
        CaseSet(file: "openai-requests", page: "dialect-openai", heading: "## Requests", naming: [0]) { row in
            // What has no place in the shared terms is written for nobody.
            row.cells[1].isEmpty && row.cells[3].isEmpty ? [.door] : [.door, .provider]
        },
        CaseSet(file: "openai-messages", page: "dialect-openai", heading: "### Messages", naming: [0]) { _ in [.door] },
        CaseSet(file: "openai-answers", page: "dialect-openai", heading: "## Answers", naming: [1, 2]) { row in
            row.cells[1].isEmpty ? [.stream] : [.whole, .stream]
        },
        CaseSet(file: "openai-finish", page: "dialect-openai", heading: "### Finish reasons", naming: [1, 2]) { row in
            Set((row.cells[1].isEmpty ? [] : [.door]) + (row.cells[2].isEmpty ? [] : [.provider]))
        },
        CaseSet(file: "openai-usage", page: "dialect-openai", heading: "### Usage", naming: [1, 2]) { _ in
            [.door, .provider]
        },
        CaseSet(file: "openai-engine", page: "dialect-openai", heading: "## The engine", naming: [0]) { _ in
            [.provider]
        },
        CaseSet(file: "anthropic-requests", page: "dialect-anthropic", heading: "## Request", naming: [1]) { row in
            row.cells[1] == "–" ? [.provider] : [.door, .provider]
        },
        CaseSet(file: "anthropic-reasoning", page: "dialect-anthropic", heading: "### Reasoning", naming: [1]) { _ in
            [.door, .provider]
        },
        CaseSet(file: "anthropic-content", page: "dialect-anthropic", heading: "### Content", naming: [1, 2]) { row in
            row.cells[0] == "–" ? [.door] : [.door, .provider]
        },
        CaseSet(file: "anthropic-finish", page: "dialect-anthropic", heading: "## Answer", naming: [1]) { _ in
            [.door, .provider]
        },
        CaseSet(file: "anthropic-usage", page: "dialect-anthropic", heading: "## Answer", number: 1, naming: [1]) {
            _ in [.door, .provider]
        },
        CaseSet(file: "bedrock-requests", page: "dialect-bedrock", heading: "## Requests", naming: [1]) { row in
            row.cells[1] == "–" ? [.provider] : row.cells[0] == "–" ? [.door] : [.door, .provider]
        },
        CaseSet(file: "bedrock-content", page: "dialect-bedrock", heading: "### Content", naming: [1]) { row in
            row.cells[1] == "–"
                ? [.provider] : row.cells[0] == "–" || row.cells[3] == "–" ? [.door] : [.door, .provider]
        },
        CaseSet(file: "bedrock-finish", page: "dialect-bedrock", heading: "## Answers", naming: [1]) { _ in
            [.door, .provider]
        },
        CaseSet(file: "bedrock-usage", page: "dialect-bedrock", heading: "## Answers", number: 1, naming: [1]) { _ in
            [.door, .provider, .whole, .stream]
        },
        CaseSet(file: "responses-requests", page: "dialect-responses", heading: "## Requests", naming: [0]) { _ in
            [.door]
        },
        CaseSet(file: "responses-items", page: "dialect-responses", heading: "### Items", naming: [0]) { _ in [.door] },
        CaseSet(file: "responses-tools", page: "dialect-responses", heading: "### Tools", naming: [0]) { _ in [.door] },
        CaseSet(file: "responses-provider", page: "dialect-responses", heading: "## A provider's requests", naming: [1])
        {
            _ in [.provider]
        },
        CaseSet(file: "responses-answers", page: "dialect-responses", heading: "## Answers", naming: [1, 2]) { _ in
            [.door, .whole, .stream]
        },
        CaseSet(file: "responses-finish", page: "dialect-responses", heading: "### Ends", naming: [1, 2]) { _ in
            [.door]
        },
        CaseSet(file: "responses-usage", page: "dialect-responses", heading: "### Usage", naming: [1]) { _ in [.door] },
    ]
}
