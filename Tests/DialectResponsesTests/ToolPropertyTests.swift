import Conversation
import DialectResponses
import NIOCore
import Seeded
import Testing
import Wire

/// Tools of namespaces and custom tools, as functions and back.
@Suite("Tools as functions, and back") struct ToolPropertyTests {
    private static func seeded() -> SplitMix {
        let seed = UInt64.random(in: .min ... .max)
        print("tools of Responses, seed \(seed)")
        return SplitMix(seed: seed)
    }

    // MARK: Names

    private struct Offered: Hashable {
        var namespace: String?
        var name: String
        var isCustom: Bool
    }

    /// Names that meet once a namespace stands before them, and long ones.
    private static let words = [
        "a", "b", "a__b", "b__a", "_", "__", "a_2", "a__b_2", String(repeating: "n", count: 60),
    ]

    private static func offered(_ random: inout SplitMix) -> [Offered] {
        var known: Set<Offered> = []
        return (0..<Int.random(in: 1...20, using: &random)).compactMap { _ in
            let namespace = Bool.random(using: &random) ? nil : words.randomElement(using: &random)
            let tool = Offered(
                namespace: namespace, name: words.randomElement(using: &random)!, isCustom: .random(using: &random))
            return known.insert(tool).inserted ? tool : nil
        }
    }

    private static func write(_ tools: [Offered], to json: inout JSONWriter) {
        json.array("tools") { json in
            for tool in tools {
                json.object { json in
                    guard let namespace = tool.namespace else { return write(tool, to: &json) }
                    json.member("type", "namespace")
                    json.member("name", namespace)
                    json.array("tools") { json in json.object { write(tool, to: &$0) } }
                }
            }
        }
    }

    private static func write(_ tool: Offered, to json: inout JSONWriter) {
        json.member("type", tool.isCustom ? "custom" : "function")
        json.member("name", tool.name)
    }

    @Test func everyToolIsCalledByItsOwnName() throws {
        var random = Self.seeded()
        for _ in 0..<300 {
            let offered = Self.offered(&random)
            var json = JSONWriter()
            json.object { json in
                json.member("model", "m")
                json.member("input", "Hi")
                Self.write(offered, to: &json)
            }
            let request = try CallerFixture.dialect.decodeChat(JSONDocument(json.buffer))
            #expect(request.tools.count == offered.count)
            // As an API that takes short names only gets them, and calls them.
            let names = ToolNames(request, longest: 64)
            let sent = names.written(request).tools.map(\.name)
            #expect(Set(sent).count == sent.count, "\(offered)")
            for (tool, name) in zip(offered, sent) {
                #expect(name.utf8.count <= 64)
                let item = try Self.called(names.read(name), request)
                #expect(item["name"]?.string == tool.name, "\(tool)")
                #expect(item["namespace"]?.string == tool.namespace, "\(tool)")
                #expect(item["type"]?.string == (tool.isCustom ? "custom_tool_call" : "function_call"), "\(tool)")
            }
        }
    }

    /// The item that a caller gets of a call.
    private static func called(_ name: String, _ request: ChatRequest) throws -> JSONView {
        let call = ToolCall(id: "call_1", name: name, arguments: #"{"input":"x"}"#)
        let reply = ChatReply(
            id: "resp_1", model: "m", choices: [ChatReply.Choice(content: [.toolCall(call)], finish: .toolCalls)])
        let told = try JSONDocument(CallerFixture.dialect.encodeReply(reply, to: request)).root
        return try #require(told["output"]?.elements.first { _ in true })
    }

    // MARK: Input

    private static let letters = Array("ab \n\t\"\\/{}:,é日🙂👩‍👧\u{0}\u{7F}\u{2028}u0041".unicodeScalars)

    /// A text as JSON, each of its characters in a form that JSON allows.
    private static func spelt(_ text: [Unicode.Scalar], _ random: inout SplitMix) -> String {
        var json = ""
        for scalar in text {
            let isPlain = scalar.value >= 0x20 && scalar != "\"" && scalar != "\\"
            if isPlain, Int.random(in: 0..<4, using: &random) > 0 {
                json.unicodeScalars.append(scalar)
                continue
            }
            for unit in String(scalar).utf16 {
                let digits = String(unit, radix: 16, uppercase: .random(using: &random))
                json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return json
    }

    private static func cut(_ text: String, _ random: inout SplitMix) -> [String] {
        var pieces: [String] = []
        var rest = Array(text.unicodeScalars)[...]
        while !rest.isEmpty {
            var piece = String.UnicodeScalarView()
            piece.append(contentsOf: rest.prefix(Int.random(in: 1...9, using: &random)))
            rest = rest.dropFirst(piece.count)
            pieces.append(String(piece))
        }
        return pieces
    }

    @Test func aCustomToolsInputComesBackWhole() throws {
        var random = Self.seeded()
        let request = try CallerFixture.read(#""tools":[{"type":"custom","name":"c"}]"#)
        for _ in 0..<300 {
            let text = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                Self.letters.randomElement(using: &random)!
            }
            let words = String(String.UnicodeScalarView(text))
            let arguments = #"{"input":"\#(Self.spelt(text, &random))"}"#
            let events = try CallerFixture.encode(
                [
                    .started(id: "resp_1", model: "m", created: 1),
                    .toolCallStarted(choice: 0, call: 0, id: "a", name: "c"),
                ]
                    + Self.cut(arguments, &random).map { .toolCallArguments(choice: 0, call: 0, fragment: $0) }
                    + [.finished(choice: 0, .toolCalls, stopSequence: nil), .ended], to: request)
            let deltas = events.filter { $0.type == "response.custom_tool_call_input.delta" }
                .compactMap { $0.data["delta"]?.string }.joined()
            let done = events.first { $0.type == "response.custom_tool_call_input.done" }
            // Byte by byte: Swift calls texts equal that are spelt differently.
            #expect(deltas.utf8.elementsEqual(words.utf8), "\(arguments)")
            #expect(done?.data["input"]?.string?.utf8.elementsEqual(words.utf8) == true, "\(arguments)")
            // And as a caller sends it back, it is what the model had said.
            var item = JSONWriter()
            item.array { json in
                json.object { json in
                    json.member("type", "custom_tool_call")
                    json.member("call_id", "a")
                    json.member("name", "c")
                    json.member("input", words)
                }
            }
            let back = try CallerFixture.read(
                #""tools":[{"type":"custom","name":"c"}]"#, input: String(buffer: item.buffer))
            guard case .toolCall(let call)? = back.messages.first?.content.first else {
                Issue.record("the call is lost")
                continue
            }
            let said = try JSONDocument(call.arguments).root["input"]?.string
            #expect(said?.utf8.elementsEqual(words.utf8) == true, "\(arguments) comes back as \(call.arguments)")
        }
    }
}
