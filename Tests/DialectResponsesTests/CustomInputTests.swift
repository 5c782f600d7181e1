import Conversation
import DialectResponses
import NIOCore
import Testing
import Wire

@Suite("The input of custom tools") struct CustomInputTests {
    private static func told(_ fragments: [String], cut: FinishReason = .toolCalls) throws -> (
        deltas: String, input: String?
    ) {
        let request = try CallerFixture.read(#""tools":[{"type":"custom","name":"c"}]"#)
        let events = try CallerFixture.encode(
            [.started(id: "resp_1", model: "m", created: 1), .toolCallStarted(choice: 0, call: 0, id: "a", name: "c")]
                + fragments.map { .toolCallArguments(choice: 0, call: 0, fragment: $0) }
                + [.finished(choice: 0, cut, stopSequence: nil), .ended], to: request)
        let deltas = events.filter { $0.name == "response.custom_tool_call_input.delta" }
            .compactMap { $0.data["delta"]?.string }.joined()
        return (deltas, events.dropLast().last?.data.text("response.output.0.input"))
    }

    @Test(
        "arguments become the text in them",
        arguments: [
            (#"{"input":"plain"}"#, "plain"), (#" { "input" : "spaced" } "#, "spaced"), (#"{"input":""}"#, ""),
            (#"{"input":"a\n\t\"b\"\\ \/ \u00e9 é \ud83d\ude00 \b\f\r"}"#, "a\n\t\"b\"\\ / é é 😀 \u{8}\u{C}\r"),
            // Halves of pairs that stand alone.
            (#"{"input":"\ud83dX"}"#, "\u{FFFD}X"), (#"{"input":"\ud83d\n"}"#, "\u{FFFD}\n"),
            (#"{"input":"\ud83d"}"#, "\u{FFFD}"),
            (#"{"input":"\ud83d\u0041"}"#, "\u{FFFD}A"),
            // Other forms than the model was told.
            (#"{"why":"so","input":"late"}"#, "late"), (#"{"patch":"x"}"#, #"{"patch":"x"}"#), ("raw text", "raw text"),
            (#"{"input":{"a":1}}"#, #"{"a":1}"#), ("", ""), ("{}", "{}"),
        ]) func read(_ arguments: String, _ input: String) throws
    {
        // Cut at every character, in two and in all.
        let scalars = Array(arguments.unicodeScalars)
        var cuts = (0...scalars.count).map { place in
            [scalars[..<place], scalars[place...]].map { part in
                var text = String.UnicodeScalarView()
                text.append(contentsOf: part)
                return String(text)
            }
        }
        cuts.append(scalars.map { String($0) })
        for fragments in cuts {
            let (deltas, whole) = try Self.told(fragments)
            #expect(deltas == input && whole == input, "\(fragments)")
        }
    }

    @Test func aCutInputIsWhatCame() throws {
        let (deltas, whole) = try Self.told([#"{"input":"half a li"#], cut: .length)
        #expect(deltas == "half a li" && whole == "half a li")
    }

    @Test func aWholeAnswerIsReadTheSame() throws {
        let request = try CallerFixture.read(#""tools":[{"type":"custom","name":"c"}]"#)
        let reply = ChatReply(
            id: "resp_1", model: "m",
            choices: [
                .init(
                    content: [.toolCall(ToolCall(id: "a", name: "c", arguments: #"{"input":"x\ny"}"#))],
                    finish: .toolCalls)
            ])
        let root = try JSONDocument(CallerFixture.dialect.encodeReply(reply, to: request)).root
        #expect(root.text("output.0.type") == "custom_tool_call" && root.text("output.0.input") == "x\ny")
    }
}
