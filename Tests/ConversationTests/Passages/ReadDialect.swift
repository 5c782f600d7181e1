import Conversation
import DialectAnthropic
import DialectBedrock
import DialectOpenAI
import DialectResponses
import FoundationEssentials
import NIOCore
import Testing
import Wire

/// A dialect whose requests are read, and whole requests of it.
struct ReadDialect: Sendable, CustomTestStringConvertible {
    let door: any CallerProtocol
    let table: ReadingTable
    let answers: ReadingTable

    var name: String { door.name.rawValue }
    var testDescription: String { name }
    /// The member that holds the conversation.
    var turns: String { name == "responses" ? "input" : "messages" }

    func passages(_ bytes: ByteBuffer) throws -> RequestPassages {
        try door.passages(of: JSONDocument(bytes), at: CalledPath())
    }
    func passages(_ text: String) throws -> RequestPassages { try passages(ByteBuffer(string: text)) }

    func structural(_ document: JSONDocument) throws -> [StructuralString] {
        try PassageReader.structuralStrings(of: document, by: table)
    }

    static let anthropic = ReadDialect(
        door: AnthropicDialect(), table: AnthropicDialect.requestTable, answers: AnthropicDialect.answerTable)
    static let openai = ReadDialect(
        door: OpenAIDialect(now: { 7 }), table: OpenAIDialect.requestTable, answers: OpenAIDialect.answerTable)

    static let responses = ReadDialect(
        door: ResponsesDialect(now: { 7 }), table: ResponsesDialect.requestTable,
        answers: ResponsesDialect.answerTable)
    static let bedrock = ReadDialect(
        door: ConverseDialect(), table: ConverseDialect.requestTable, answers: ConverseDialect.answerTable)

    static let all = [anthropic, bedrock, openai, responses]
}

/// A whole request, out of `Tests/Fixtures`.
struct WholeRequest: Sendable, CustomTestStringConvertible {
    let dialect: ReadDialect
    let name: String
    let body: ByteBuffer

    var testDescription: String { name }

    private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fixtures")

    /// Those with a member of every kind, and the golden ones.
    static let all: [WholeRequest] = ReadDialect.all.flatMap { dialect in
        let golden = fixtures.appending(path: "golden/\(dialect.name)")
        let cases = ((try? FileManager.default.contentsOfDirectory(atPath: golden.path)) ?? []).sorted()
        let files =
            [fixtures.appending(path: "passages/\(dialect.name).json")]
            + cases.map { golden.appending(path: "\($0)/request.json") }
        return files.compactMap { file in
            (try? Data(contentsOf: file)).map {
                WholeRequest(
                    dialect: dialect, name: "\(dialect.name)/\(file.pathComponents.suffix(2).joined(separator: "/"))",
                    body: ByteBuffer(bytes: $0))
            }
        }
    }

    /// The bodies of a recorded session: each line has what a body doesn't share
    /// with the one before at its beginning and its end.
    static func session(_ name: String) throws -> [ByteBuffer] {
        let data = try Data(contentsOf: fixtures.appending(path: "sessions/\(name).jsonl"))
        var body: [UInt8] = []
        return try data.split(separator: UInt8(ascii: "\n")).map { line in
            let step = try JSONDocument(ByteBuffer(bytes: line)).root
            let same = try #require(step["same"]?.int)
            let tail = try #require(step["tail"]?.int)
            body = body.prefix(same) + Array(try #require(step["rest"]?.string).utf8) + body.suffix(tail)
            return ByteBuffer(bytes: body)
        }
    }
}

/// A string of a document: a value, or the name of a member.
struct Position {
    let view: JSONView
    let isName: Bool

    static func all(in view: JSONView) -> [Position] {
        switch view.kind {
        case .string: [Position(view: view, isName: false)]
        case .array: view.elements.flatMap(all)
        case .object: view.members.flatMap { [Position(view: $0.name, isName: true)] + all(in: $0.value) }
        default: []
        }
    }

    func replaced(by text: String, in body: ByteBuffer) -> ByteBuffer {
        var splices = Splices()
        splices.replace(view, with: text)
        return splices.apply(to: body)
    }
}

extension RequestPassages {
    /// The bytes that a note for a block may change.
    func extent(of block: Int) -> Range<Int> {
        let ranges =
            passages.filter { $0.block == block }.map(\.range) + wholes.filter { $0.block == block }.map(\.range)
        return (ranges.map(\.lowerBound).min() ?? 0)..<(ranges.map(\.upperBound).max() ?? 0)
    }

    func has(_ text: String) -> Bool { passages.contains { $0.text.contains(text) } }
    func text(at path: String) -> String? { passages.first { $0.path == path }?.text }
    func scope(of text: String) -> PassageScope? { passages.first { $0.text.contains(text) }?.scope }
    func block(of text: String) throws -> Int { try #require(passages.first { $0.text.contains(text) }?.block) }
}
