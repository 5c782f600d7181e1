import Seeded
import Conversation
import DialectAnthropic
import NIOCore
import Testing
import Wire

/// The names and the data of the events in `bytes`.
private func wire(_ bytes: ByteBuffer) throws -> [(name: String, data: String)] {
    try events(in: [bytes]).map { ($0.name, text($0.data)) }
}

private func start(_ index: Int, _ block: String) -> String {
    #"{"type":"content_block_start","index":\#(index),"content_block":\#(block)}"#
}
private func json(_ index: Int, _ fragment: String) -> String {
    #"{"type":"content_block_delta","index":\#(index),"delta":{"type":"input_json_delta","partial_json":\#(fragment)}}"#
}
private func words(_ index: Int, _ text: String) -> String {
    #"{"type":"content_block_delta","index":\#(index),"delta":{"type":"text_delta","text":"\#(text)"}}"#
}
private func stop(_ index: Int) -> String { #"{"type":"content_block_stop","index":\#(index)}"# }

private let messageStart =
    #"{"type":"message_start","message":{"id":"i","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"output_tokens":0}}}"#
private let messageStop = #"{"type":"message_stop"}"#

private func end(_ reason: String, _ usage: String = #"{"input_tokens":0,"output_tokens":0}"#) -> String {
    #"{"type":"message_delta","delta":{"stop_reason":"\#(reason)","stop_sequence":null},"usage":\#(usage)}"#
}

private func tool(_ name: String) -> String { #"{"type":"tool_use","id":"id-\#(name)","name":"\#(name)","input":{}}"# }

private func begin(_ call: Int, _ name: String) -> StreamEvent {
    .toolCallStarted(choice: 0, call: call, id: "id-\(name)", name: name)
}
private func part(_ call: Int, _ fragment: String) -> StreamEvent {
    .toolCallArguments(choice: 0, call: call, fragment: fragment)
}
private let started = StreamEvent.started(id: "i", model: "m", created: 1)

@Suite struct StreamEncodingTests {
    @Test func aTextIsWrittenInTheirShape() throws {
        let bytes = encode([
            started, .text(choice: 0, ""), .text(choice: 0, "Hel"), .ping, .text(choice: 0, "lo\n"),
            .finished(choice: 0, .length, stopSequence: nil),
            .usage(Usage(input: 30, output: 5, cacheRead: 10, reasoning: 2)), .ended,
        ])
        #expect(
            text(bytes) == """
                event: message_start
                data: \(messageStart)

                event: content_block_start
                data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

                event: content_block_delta
                data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}}

                event: ping
                data: {"type":"ping"}

                event: content_block_delta
                data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"lo\\n"}}

                event: content_block_stop
                data: {"type":"content_block_stop","index":0}

                event: message_delta
                data: {"type":"message_delta","delta":{"stop_reason":"max_tokens","stop_sequence":null},"usage":{"input_tokens":20,"cache_read_input_tokens":10,"output_tokens":5,"output_tokens_details":{"thinking_tokens":2}}}

                event: message_stop
                data: {"type":"message_stop"}


                """)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var events: [StreamEvent]
        var data: [String]
    }

    static let cases = [
        Case(
            testDescription: "interleaved calls come one after the other",
            events: [
                begin(0, "a"), begin(1, "b"), part(0, "{\"x\""), part(1, "{\"y\":"), part(0, ":1}"), part(1, "2}"),
                .finished(choice: 0, .toolCalls, stopSequence: nil), .ended,
            ],
            data: [
                start(0, tool("a")), json(0, #""{\"x\"""#), json(0, #"":1}""#), stop(0), start(1, tool("b")),
                json(1, #""{\"y\":""#), json(1, #""2}""#), stop(1), end("tool_use"), messageStop,
            ]),
        Case(
            testDescription: "a finished call lets the next begin at once",
            events: [begin(0, "a"), part(0, "{\"s\":\"}\\\"\"}"), begin(1, "b"), part(1, "{")],
            data: [
                start(0, tool("a")), json(0, #""{\"s\":\"}\\\"\"}""#), stop(0), start(1, tool("b")), json(1, #""{""#),
            ]),
        Case(
            testDescription: "a call without arguments is the empty object",
            events: [
                begin(0, "a"), begin(1, "b"), part(1, " "), .finished(choice: 0, .endTurn, stopSequence: nil), .ended,
            ],
            data: [
                start(0, tool("a")), json(0, #""{}""#), stop(0), start(1, tool("b")), json(1, #"" ""#),
                json(1, #""{}""#),
                stop(1), end("tool_use"), messageStop,
            ]),
        Case(
            testDescription: "three calls, the last of them done first",
            events: [
                begin(0, "a"), begin(1, "b"), begin(2, "c"), part(2, "{}"), part(1, "{}"), part(0, "{}"),
            ],
            data: [
                start(0, tool("a")), json(0, #""{}""#), stop(0), start(1, tool("b")), json(1, #""{}""#), stop(1),
                start(2, tool("c")), json(2, #""{}""#),
            ]),
        Case(
            testDescription: "text after a call opens a block of its own",
            events: [
                .text(choice: 0, "x"), begin(0, "a"), part(0, "{}"), .text(choice: 0, "y"), .text(choice: 0, "z"),
            ],
            data: [
                start(0, #"{"type":"text","text":""}"#), words(0, "x"), stop(0), start(1, tool("a")), json(1, #""{}""#),
                stop(1), start(2, #"{"type":"text","text":""}"#), words(2, "y"), words(2, "z"),
            ]),
        Case(
            testDescription: "text in the middle of a call waits for it",
            events: [begin(0, "a"), part(0, "{"), .text(choice: 0, "y"), part(0, "}"), .ended],
            data: [
                start(0, tool("a")), json(0, #""{""#), json(0, #""}""#), stop(0),
                start(1, #"{"type":"text","text":""}"#),
                words(1, "y"), stop(1),
                #"{"type":"message_delta","delta":{"stop_reason":null,"stop_sequence":null},"usage":{"input_tokens":0,"output_tokens":0}}"#,
                messageStop,
            ]),
        Case(
            testDescription: "arguments that the limit cut stay as they are",
            events: [begin(0, "a"), part(0, "{\"x\":"), .finished(choice: 0, .length, stopSequence: nil), .ended],
            data: [start(0, tool("a")), json(0, #""{\"x\":""#), stop(0), end("max_tokens"), messageStop]),
        Case(
            testDescription: "thinking is signed and closed",
            events: [
                .thinking(choice: 0, "a"), .thinkingSignature(choice: 0, "S"), .thinking(choice: 0, "b"),
                .redactedThinking(choice: 0, "R"), .text(choice: 0, "c"),
            ],
            data: [
                start(0, #"{"type":"thinking","thinking":"","signature":""}"#),
                #"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"a"}}"#,
                #"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"S"}}"#,
                stop(0),
                start(1, #"{"type":"thinking","thinking":"","signature":""}"#),
                #"{"type":"content_block_delta","index":1,"delta":{"type":"thinking_delta","thinking":"b"}}"#, stop(1),
                start(2, #"{"type":"redacted_thinking","data":"R"}"#), stop(2), start(3, #"{"type":"text","text":""}"#),
                words(3, "c"),
            ]),
        Case(
            testDescription: "a refusal is text with its own stop reason",
            events: [.refusal(choice: 0, "No."), .finished(choice: 0, .endTurn, stopSequence: nil), .ended],
            data: [start(0, #"{"type":"text","text":""}"#), words(0, "No."), stop(0), end("refusal"), messageStop]),
        Case(
            testDescription: "an answer without content still ends",
            events: [.usage(Usage(input: 3, output: 0)), .finished(choice: 0, .endTurn, stopSequence: nil), .ended],
            data: [end("end_turn", #"{"input_tokens":3,"output_tokens":0}"#), messageStop]),
        Case(
            testDescription: "other choices and what comes after the end are not heard",
            events: [.text(choice: 1, "x"), .ended, .text(choice: 0, "y"), .ended, .ping],
            data: [
                #"{"type":"message_delta","delta":{"stop_reason":null,"stop_sequence":null},"usage":{"input_tokens":0,"output_tokens":0}}"#,
                messageStop,
            ]),
    ]

    @Test(arguments: cases)
    func blocksAreStrictlyInOrder(_ example: Case) throws {
        let written = try wire(encode([started] + example.events))
        #expect(written.map(\.data) == [messageStart] + example.data)
        for event in written { #expect(try JSONDocument(event.data).root["type"]?.string == event.name) }
    }

    @Test func theStartIsMadeUpForWhereItIsMissing() throws {
        let written = try wire(
            encode([.text(choice: 0, "a"), .started(id: "late", model: "late", created: nil)], model: "asked"))
        #expect(written.map(\.name) == ["message_start", "content_block_start", "content_block_delta"])
        #expect(written[0].data.contains(#""model":"asked""#))
    }

    @Test(arguments: ["stream-text.sse", "stream-tools.sse", "stream-thinking.sse", "stream-server-tool.sse"])
    func aStreamSurvivesARoundTrip(_ name: String) throws {
        let first = try decode([fixture(name)])
        let second = try decode([encode(first)])
        func withoutUsage(_ events: [StreamEvent]) -> [StreamEvent] {
            // What the provider's own tools did can't be told anew.
            events.filter { if case .usage = $0 { false } else { $0 != .foreignPart } }
        }
        func lastUsage(_ events: [StreamEvent]) -> StreamEvent? {
            events.last { if case .usage = $0 { true } else { false } }
        }
        #expect(withoutUsage(second) == withoutUsage(first))
        #expect(lastUsage(second) == lastUsage(first))
    }

    @Test func anySequenceOfEventsIsLegal() throws {
        let seed = UInt64.random(in: .min ... .max)
        print("StreamEncodingTests seed: \(seed)")
        var random = SplitMix(seed: seed)
        for round in 0..<2000 {
            var events: [StreamEvent] = Bool.random(using: &random) ? [started] : []
            var opened: Set<Int> = []
            var expected: [Int: String] = [:]
            for _ in 0..<Int.random(in: 0...30, using: &random) {
                let call = Int.random(in: 0...3, using: &random)
                switch Int.random(in: 0...11, using: &random) {
                case 0:
                    events.append(
                        .text(
                            choice: Int.random(in: 0...1, using: &random),
                            ["", "a", "\"\u{2028}\n🌍"].randomElement(using: &random)!))
                case 1: events.append(.thinking(choice: 0, "t"))
                case 2: events.append(.thinkingSignature(choice: 0, "s"))
                case 3: events.append(.redactedThinking(choice: 0, "r"))
                case 4, 5:
                    events.append(begin(call, "n\(call)"))
                    opened.insert(call)
                case 6, 7, 8:
                    let fragment = ["{", "\"k\":", "1", "}", "{}", "\"}\"", "", " "].randomElement(using: &random)!
                    events.append(part(call, fragment))
                    if opened.contains(call) { expected[call, default: ""] += fragment }
                case 9: events.append(.usage(Usage(input: 5, output: round)))
                case 10: events.append(.ping)
                default: events.append(.refusal(choice: 0, "no"))
                }
            }
            if Bool.random(using: &random) { events.append(.finished(choice: 0, .toolCalls, stopSequence: nil)) }
            events.append(.ended)
            try check(encode(events), "seed \(seed), round \(round)", calls: opened, expected: expected)
        }
    }

    /// Checks the order of events that
    /// https://docs.anthropic.com/en/docs/build-with-claude/streaming promises.
    private func check(_ bytes: ByteBuffer, _ comment: String, calls: Set<Int>, expected: [Int: String]) throws {
        var phase = "idle"
        var index = -1
        var open: String?
        var seen: Set<String> = []
        var fragments: [String: String] = [:]
        var name = ""
        for event in try events(in: [bytes]) where event.name != "ping" {
            let root = try JSONDocument(event.data).root
            #expect(root["type"]?.string == event.name)
            switch event.name {
            case "message_start":
                #expect(phase == "idle", "\(comment)")
                phase = "started"
            case "content_block_start":
                #expect(phase == "started" && open == nil, "\(comment)")
                index += 1
                open = root["content_block"]?["type"]?.string
                #expect(root["index"]?.int == index, "\(comment)")
                name = root["content_block"]?["name"]?.string ?? ""
                if open == "tool_use" { #expect(seen.insert(name).inserted, "\(comment)") }
            case "content_block_delta":
                #expect(root["index"]?.int == index, "\(comment)")
                let delta = root["delta"]?["type"]?.string
                switch open {
                case "text": #expect(delta == "text_delta")
                case "thinking": #expect(delta == "thinking_delta" || delta == "signature_delta")
                case "tool_use":
                    #expect(delta == "input_json_delta")
                    fragments[name, default: ""] += root["delta"]?["partial_json"]?.string ?? ""
                default: Issue.record("a delta for \(open ?? "nothing"), \(comment)")
                }
            case "content_block_stop":
                #expect(open != nil && root["index"]?.int == index, "\(comment)")
                open = nil
            case "message_delta":
                #expect(phase == "started" && open == nil, "\(comment)")
                phase = "delta"
            case "message_stop":
                #expect(phase == "delta", "\(comment)")
                phase = "stopped"
            default: Issue.record("what is \(event.name)? \(comment)")
            }
        }
        #expect(phase == "stopped", "\(comment)")
        #expect(seen == Set(calls.map { "n\($0)" }), "a call was lost, \(comment)")
        for call in calls {
            // Only what came after complete arguments may be missing.
            let wanted = expected[call] ?? ""
            let got = fragments["n\(call)"] ?? ""
            let blank = wanted.allSatisfy(\.isWhitespace)
            #expect(blank ? got.hasSuffix("{}") : wanted.hasPrefix(got), "\(comment): \(got) of \(wanted)")
        }
    }
}
