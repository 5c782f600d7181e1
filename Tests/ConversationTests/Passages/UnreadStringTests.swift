import Conversation
import DialectAnthropic
import DialectBedrock
import DialectOpenAI
import DialectResponses
import Documented
import NIOCore
import Seeded
import Testing
import Wire

/// A string that a model might read and no supervisor does.
@Suite struct UnreadStringTests {
    /// No form of a structural string has room for it.
    private static let sentence = "zq marked words zq"
    /// Every form but that of numbers and addresses has room for it.
    private static let word = "zqMarked9zq"

    @Test("no string is unread: a sentence is judged in whatever place it stands", arguments: WholeRequest.all)
    func sentences(_ request: WholeRequest) throws {
        let positions = Position.all(in: try JSONDocument(request.body).root)
        #expect(!positions.isEmpty)
        for position in positions {
            let marked = position.replaced(by: Self.sentence, in: request.body)
            let passages = try request.dialect.passages(marked)
            #expect(
                passages.has(Self.sentence),
                "\(position.view.string ?? "") (a name: \(position.isName)) at byte \(position.view.range.lowerBound)")
        }
    }

    @Test("a word is judged wherever no row of the table takes it for structural", arguments: WholeRequest.all)
    func words(_ request: WholeRequest) throws {
        for position in Position.all(in: try JSONDocument(request.body).root) {
            let marked = position.replaced(by: Self.word, in: request.body)
            let document = try JSONDocument(marked)
            if try request.dialect.passages(marked).has(Self.word) { continue }
            let place = position.view.range.lowerBound
            let row = try request.dialect.structural(document).first { $0.range.lowerBound == place }
            #expect(row != nil, "\(position.view.string ?? "") at byte \(place) is neither judged nor structural")
        }
    }

    @Test("a structural string that is too long is judged", arguments: WholeRequest.all)
    func length(_ request: WholeRequest) throws {
        let document = try JSONDocument(request.body)
        let rows = try request.dialect.structural(document)
        let byPlace = Dictionary(rows.map { ($0.range.lowerBound, $0) }, uniquingKeysWith: { first, _ in first })
        for position in Position.all(in: document.root) where !position.isName {
            guard let row = byPlace[position.view.range.lowerBound], row.form.most < 100_000 else { continue }
            let long = String(repeating: "a", count: row.form.most + 1)
            let passages = try request.dialect.passages(position.replaced(by: long, in: request.body))
            #expect(passages.has(long), "\(row.pattern)")
        }
    }

    @Test("random requests leave no string unread", arguments: 0..<40)
    func random(_ number: Int) throws {
        let seed = UInt64.random(in: 0 ... .max)
        var chance = SplitMix(seed: seed &+ UInt64(number))
        for dialect in ReadDialect.all {
            let body = ByteBuffer(string: RandomRequest.make(dialect.name, &chance))
            let document = try JSONDocument(body)
            for position in Position.all(in: document.root) {
                let marked = position.replaced(by: Self.sentence, in: body)
                #expect(
                    try dialect.passages(marked).has(Self.sentence),
                    "seed \(seed), number \(number), byte \(position.view.range.lowerBound): \(String(buffer: body))")
            }
        }
    }

    @Test("the tables stand in the docs as they are in the code")
    func documented() throws {
        for (heading, table) in [
            ("### Requests of Anthropic's Messages", AnthropicDialect.requestTable),
            ("### Answers of Anthropic's Messages", AnthropicDialect.answerTable),
            ("### Requests of Bedrock's Converse", ConverseDialect.requestTable),
            ("### Answers of Bedrock's Converse", ConverseDialect.answerTable),
            ("### Requests of OpenAI's Chat Completions", OpenAIDialect.requestTable),
            ("### Answers of OpenAI's Chat Completions", OpenAIDialect.answerTable),
            ("### Requests of OpenAI's Responses", ResponsesDialect.requestTable),
            ("### Answers of OpenAI's Responses", ResponsesDialect.answerTable),
        ] {
            let rows = try DocumentedPage("supervision-reading").table(under: heading).rows
            let documented = rows.map { "| \($0.cells.joined(separator: " | ")) |" }
            #expect(documented == table.lines, "docs/supervision-reading.md, \(heading)")
        }
    }
}

/// Requests that are made of a dialect's own words in any order.
enum RandomRequest {
    static func make(_ dialect: String, _ chance: inout SplitMix) -> String {
        var maker = Maker(names: words[dialect] ?? [], chance: chance)
        let turns = (0..<3).map { _ in maker.object(depth: 4) }.joined(separator: ",")
        let list = dialect == "responses" ? "input" : "messages"
        let text =
            #"{"model":"m","\#(list)":[\#(turns)],"tools":[\#(maker.object(depth: 3))],"x":\#(maker.value(4))}"#
        chance = maker.chance
        return text
    }

    private struct Maker {
        let names: [String]
        var chance: SplitMix

        mutating func value(_ depth: Int) -> String {
            switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &chance) {
            case 0: return "\(Int.random(in: -9...99, using: &chance))"
            case 1: return ["true", "false", "null"].randomElement(using: &chance) ?? "null"
            case 2, 3: return "\"\(names.randomElement(using: &chance) ?? "")\""
            case 4: return #""some \u00e9 words \" of any kind 🧭""#
            case 5: return #""""#
            case 6:
                let count = Int.random(in: 0...3, using: &chance)
                return "[\((0..<count).map { _ in value(depth - 1) }.joined(separator: ","))]"
            default: return object(depth: depth - 1)
            }
        }

        mutating func object(depth: Int) -> String {
            var seen: Set<String> = []
            var members: [String] = []
            for _ in 0..<Int.random(in: 0...6, using: &chance) {
                let name = names.randomElement(using: &chance) ?? "n"
                guard seen.insert(name).inserted else { continue }
                members.append("\"\(name)\":\(value(depth))")
            }
            return "{\(members.joined(separator: ","))}"
        }
    }

    /// Names and words; each of them in small letters only, so that no two
    /// differ by case.
    private static let words: [String: [String]] = [
        "anthropic": [
            "role", "user", "assistant", "system", "content", "type", "text", "image", "source", "base64", "data",
            "url",
            "media_type", "document", "title", "context", "thinking", "signature", "redacted_thinking", "tool_use",
            "id",
            "name", "input", "tool_result", "tool_use_id", "web_search_tool_result", "web_search_result",
            "encrypted_content", "citations", "cited_text", "cache_control", "ttl", "input_schema", "properties",
            "description", "required", "enum", "server_tool_use", "code_execution_tool_result", "code_execution_result",
            "stdout", "compaction", "tool_addition", "tool", "tool_definition", "definition", "fallback", "from",
            "some text", "a name of my own", "unknown",
        ],
        "bedrock": [
            "role", "user", "assistant", "system", "content", "text", "image", "format", "source", "bytes",
            "s3Location",
            "uri", "document", "name", "context", "citations", "enabled", "toolUse", "toolUseId", "input", "type",
            "toolResult", "status", "json", "reasoningContent", "reasoningText", "signature", "redactedContent",
            "guardContent", "qualifiers", "cachePoint", "ttl", "citationsContent", "title", "location", "searchResult",
            "video", "audio", "toolAddition", "toolSpec", "description", "inputSchema", "properties", "some text",
            "a name of my own", "unknown",
        ],
        "openai": [
            "role", "user", "assistant", "system", "tool", "function", "content", "type", "text", "image_url", "url",
            "detail", "input_audio", "data", "format", "file", "file_data", "filename", "file_id", "tool_calls", "id",
            "name", "arguments", "tool_call_id", "function_call", "refusal", "reasoning_content", "annotations",
            "custom", "parameters", "properties", "description", "required", "enum", "thinking", "reasoning",
            "signature", "audio", "cache_control", "images", "some text", "a name of my own", "unknown", "{}",
        ],
        "responses": [
            "role", "user", "assistant", "system", "developer", "message", "content", "type", "input_text", "text",
            "output_text", "refusal", "annotations", "logprobs", "input_image", "image_url", "detail", "file_id",
            "input_file", "file_data", "filename", "function_call", "call_id", "id", "name", "namespace", "arguments",
            "function_call_output", "output", "custom_tool_call", "input", "custom_tool_call_output", "reasoning",
            "summary", "encrypted_content", "web_search_call", "action", "query", "status", "tools", "function",
            "custom", "format", "grammar", "definition", "parameters", "properties", "description", "compaction",
            "tool_search_output", "additional_tools", "mcp_call", "shell_call_output", "stdout", "outcome", "some text",
            "a name of my own", "unknown", "{}",
        ],
    ]
}
