import Conversation
import DialectResponses
import NIOCore
import Testing
import Wire

@Suite("Streams of Responses, as they are written") struct StreamWritingTests {
    private static let request = (try? CallerFixture.read()) ?? ChatRequest(model: "m", messages: [])

    private static let text: [StreamEvent] = [
        .started(id: "resp_0012", model: "gpt-x", created: 7), .text(choice: 0, "Hel"), .text(choice: 0, "lo"),
        .finished(choice: 0, .endTurn, stopSequence: nil), .usage(Usage(input: 5, output: 2, cacheRead: 1)), .ended,
    ]

    @Test func eventsComeInTheirOrder() throws {
        let events = try CallerFixture.encode(Self.text, to: Self.request)
        #expect(
            events.map(\.name) == [
                "response.created", "response.in_progress", "response.output_item.added",
                "response.content_part.added", "response.output_text.delta", "response.output_text.delta",
                "response.output_text.done", "response.content_part.done", "response.output_item.done",
                "response.completed", "done",
            ])
        #expect(events.dropLast().allSatisfy { $0.name == $0.type })
        #expect(events.dropLast().enumerated().allSatisfy { $0.element.data["sequence_number"]?.int == $0.offset })
        let last = try #require(events.dropLast().last?.data)
        #expect(last.text("response.id") == "resp_0012" && last.text("response.model") == "gpt-x")
        #expect(last.text("response.status") == "completed" && last.at("response.created_at")?.int == 7)
        #expect(last.at("response.completed_at")?.int == 1_700_000_000)
        #expect(last.text("response.output.0.content.0.text") == "Hello")
        #expect(
            last.text("response.output.0.id") == "msg_0012_0" && last.text("response.output.0.status") == "completed")
        #expect(last.at("response.usage.total_tokens")?.int == 7)
        #expect(last.at("response.usage.input_tokens_details.cached_tokens")?.int == 1)
        #expect(last.at("response.usage.output_tokens_details.reasoning_tokens")?.int == 0)
        #expect(last.at("response.store")?.bool == false)
    }

    @Test func everyResponseHasTheRequiredMembers() throws {
        let required = [
            "id", "object", "created_at", "completed_at", "status", "incomplete_details", "model",
            "previous_response_id", "instructions", "output", "error", "tools", "tool_choice", "truncation",
            "parallel_tool_calls", "text", "top_p", "presence_penalty", "frequency_penalty", "top_logprobs",
            "temperature", "reasoning", "usage", "max_output_tokens", "max_tool_calls", "store", "background",
            "service_tier", "metadata", "safety_identifier", "prompt_cache_key",
        ]
        #expect(required.count == 31)
        for event in try CallerFixture.encode(Self.text, to: Self.request) {
            guard let response = event.data["response"] else { continue }
            let names = response.members.map { $0.name.string ?? "" }
            #expect(Set(names).isSuperset(of: required) && Set(names).count == names.count)
            #expect(response.text("text.verbosity") == "medium")
        }
    }

    @Test func whatTheRequestSaidIsRepeated() throws {
        let request = try CallerFixture.read(
            #"""
            "instructions":"I","tools":[{"type":"function","name":"f"},{"type":"custom","name":"c"}],"temperature":0.25,
            "metadata":{"a":"b"},"text":{"format":{"type":"json_schema","name":"n","schema":{}},"verbosity":"low"},
            "reasoning":{"effort":"low"},"service_tier":"auto","user":"u","max_output_tokens":5,"tool_choice":"none"
            """#)
        let response = try #require(try CallerFixture.encode(Self.text, to: request)[0].data["response"])
        #expect(response.text("instructions") == "I" && response.at("temperature")?.double == 0.25)
        #expect(
            response.at("tools.0")?.fragment.text
                == #"{"type":"function","name":"f","description":null,"parameters":null,"strict":null}"#)
        #expect(response.at("tools.1")?.fragment.text == #"{"type":"custom","name":"c"}"#)
        #expect(response.text("metadata.a") == "b" && response.text("service_tier") == "default")
        #expect(
            response.at("text")?.fragment.text
                == #"{"format":{"type":"json_schema","name":"n","schema":{},"description":null,"strict":false},"verbosity":"low"}"#
        )
        #expect(response.at("reasoning")?.fragment.text == #"{"effort":"low","summary":null}"#)
        #expect(response.at("max_output_tokens")?.int == 5 && response.text("tool_choice") == "none")
    }

    @Test func callsAreItems() throws {
        let request = try CallerFixture.read(
            #"""
            "tools":[{"type":"namespace","name":"n","description":"","tools":[{"type":"function","name":"f"}]},
             {"type":"custom","name":"c"},{"type":"tool_search","execution":"client"}],"reasoning":{"summary":"auto"}
            """#)
        let events = try CallerFixture.encode(
            [
                .started(id: "resp_1", model: "m", created: 1), .thinking(choice: 0, "Hm"),
                .thinkingSignature(choice: 0, "c2ln"), .redactedThinking(choice: 0, "cmVk"),
                .toolCallStarted(choice: 0, call: 0, id: "a", name: "n__f"),
                .toolCallArguments(choice: 0, call: 0, fragment: #"{"x""#),
                .toolCallArguments(choice: 0, call: 0, fragment: ":1}"),
                .toolCallStarted(choice: 0, call: 1, id: "b", name: "c"),
                .toolCallArguments(choice: 0, call: 1, fragment: #"{"input":"li"#),
                .toolCallArguments(choice: 0, call: 1, fragment: #"ne\n\"\ud83e"#),
                .toolCallArguments(choice: 0, call: 1, fragment: #"\udded"}"#),
                .toolCallStarted(choice: 0, call: 2, id: "s", name: "tool_search"),
                .toolCallArguments(choice: 0, call: 2, fragment: #"{"q":"x"}"#),
                .finished(choice: 0, .toolCalls, stopSequence: nil), .ended,
            ], to: request)
        #expect(
            events.dropFirst(2).map(\.name) == [
                "response.output_item.added", "response.reasoning_summary_part.added",
                "response.reasoning_summary_text.delta", "response.reasoning_summary_text.done",
                "response.reasoning_summary_part.done", "response.output_item.done", "response.output_item.added",
                "response.output_item.done", "response.output_item.added", "response.function_call_arguments.delta",
                "response.function_call_arguments.delta", "response.function_call_arguments.done",
                "response.output_item.done", "response.output_item.added", "response.custom_tool_call_input.delta",
                "response.custom_tool_call_input.delta", "response.custom_tool_call_input.delta",
                "response.custom_tool_call_input.done", "response.output_item.done", "response.output_item.added",
                "response.output_item.done", "response.completed", "done",
            ])
        let output = try #require(events.dropLast().last?.data.at("response.output"))
        #expect(
            output.elements.map(\.fragment.text) == [
                #"{"id":"rs_1_0","type":"reasoning","summary":[{"type":"summary_text","text":"Hm"}],"encrypted_content":"holdfast_signature_c2ln"}"#,
                #"{"id":"rs_1_1","type":"reasoning","summary":[],"encrypted_content":"holdfast_redacted_cmVk"}"#,
                #"{"id":"fc_1_2","type":"function_call","status":"completed","call_id":"a","name":"f","arguments":"{\"x\":1}","namespace":"n"}"#,
                #"{"id":"ctc_1_3","type":"custom_tool_call","status":"completed","call_id":"b","name":"c","input":"line\n\"\u{1F9ED}"}"#
                    .replacing("\\u{1F9ED}", with: "\u{1F9ED}"),
                #"{"id":"tsc_1_4","type":"tool_search_call","status":"completed","call_id":"s","execution":"client","arguments":{"q":"x"}}"#,
            ])
    }

    @Test func thinkingComesBackAsItWas() throws {
        let events = try CallerFixture.encode(
            [
                .started(id: "resp_1", model: "m", created: 1), .thinking(choice: 0, "Hm"),
                .thinkingSignature(choice: 0, "c2ln"), .redactedThinking(choice: 0, "cmVk"), .text(choice: 0, "A"),
                .finished(choice: 0, .endTurn, stopSequence: nil), .ended,
            ], to: Self.request)
        let output = try #require(events.dropLast().last?.data.at("response.output")?.fragment.text)
        let back = try CallerFixture.read(input: "[{\"role\":\"user\",\"content\":\"x\"},\(output.dropFirst())")
        #expect(
            back.messages.last
                == Message(
                    .assistant, [.thinking(text: "Hm", signature: "c2ln"), .redactedThinking("cmVk"), .text("A")]))
        #expect(CallerFixture.leftovers(back).isEmpty)
    }

    @Test func reasoningThatNobodyAskedForComesWithItsItem() throws {
        let events = try CallerFixture.encode(
            [
                .started(id: "resp_1", model: "m", created: 1), .thinking(choice: 0, "H"), .thinking(choice: 0, "m"),
                .text(choice: 0, "A"), .finished(choice: 0, .endTurn, stopSequence: nil), .ended,
            ], to: Self.request)
        #expect(!events.contains { $0.name.hasPrefix("response.reasoning") })
        #expect(events.first { $0.name == "response.output_item.done" }?.data.text("item.summary.0.text") == "Hm")
        #expect(events.dropLast().last?.data.text("response.output.0.summary.0.text") == "Hm")
    }

    @Test func mixedCallsAreOpenBesideOneAnother() throws {
        let events = try CallerFixture.encode(
            [
                .started(id: "", model: "m", created: 1), .toolCallStarted(choice: 0, call: 0, id: "a", name: "f"),
                .toolCallStarted(choice: 0, call: 1, id: "b", name: "g"),
                .toolCallArguments(choice: 0, call: 1, fragment: "{}"),
                .toolCallArguments(choice: 0, call: 0, fragment: #"{"a":1}"#),
                .finished(choice: 0, .toolCalls, stopSequence: nil), .ended,
            ], to: Self.request)
        let output = try #require(events.dropLast().last?.data.at("response.output"))
        #expect(output.elements.compactMap { $0.text("arguments") } == [#"{"a":1}"#, "{}"])
        #expect(output.elements.compactMap { $0.text("call_id") } == ["a", "b"])
    }

    @Test(
        "an end has its status",
        arguments: [
            (FinishReason.endTurn, "response.completed", nil, "completed"),
            (.stopSequence, "response.completed", nil, "completed"),
            (.length, "response.incomplete", "max_output_tokens", "incomplete"),
            (.contextFull, "response.incomplete", "max_output_tokens", "incomplete"),
            (.contentFilter, "response.incomplete", "content_filter", "incomplete"),
            (.refusal, "response.completed", nil, "completed"), (.other("odd"), "response.completed", nil, "completed"),
        ] as [(FinishReason, String, String?, String)])
    func ends(_ reason: FinishReason, _ event: String, _ detail: String?, _ status: String) throws {
        let events = try CallerFixture.encode(
            [
                .started(id: "resp_1", model: "m", created: 1), .text(choice: 0, "A"),
                .finished(choice: 0, reason, stopSequence: nil), .ended,
            ], to: Self.request)
        let last = try #require(events.dropLast().last)
        #expect(last.name == event && last.data.text("response.incomplete_details.reason") == detail)
        #expect(last.data.text("response.output.0.status") == status)
        #expect(
            last.data.text("response.metadata.holdfast_ended")
                == (reason == .refusal ? "refusal" : reason == .other("odd") ? "odd" : nil))
        #expect(last.data.at("response.completed_at")?.isNull == (status == "incomplete"))
    }

    @Test func nothingSaidIsAnEmptyMessage() throws {
        let events = try CallerFixture.encode(
            [
                .started(id: "resp_1", model: "m", created: 1), .finished(choice: 0, .endTurn, stopSequence: nil),
                .ended,
            ],
            to: Self.request)
        #expect(events.dropLast().last?.data.text("response.output.0.content.0.text")?.isEmpty == true)
    }

    @Test func aRefusalIsAPart() throws {
        let events = try CallerFixture.encode(
            [
                .started(id: "resp_1", model: "m", created: 1), .text(choice: 0, "A"), .refusal(choice: 0, "No."),
                .finished(choice: 0, .endTurn, stopSequence: nil), .ended,
            ], to: Self.request)
        let last = try #require(events.dropLast().last?.data)
        #expect(last.text("response.output.0.content.0.text") == "A")
        #expect(last.text("response.output.0.content.1.refusal") == "No.")
        #expect(events.contains { $0.name == "response.refusal.delta" && $0.data["content_index"]?.int == 1 })
    }

    @Test func logprobsStandBesideTheirText() throws {
        let token = TokenLogprob(token: "A", logprob: -0.5, bytes: nil, top: [TokenLogprob(token: "B", logprob: -1)])
        let events = try CallerFixture.encode(
            [
                .started(id: "resp_1", model: "m", created: 1), .logprobs(choice: 0, [token]), .text(choice: 0, "A"),
                .text(choice: 0, "B"), .finished(choice: 0, .endTurn, stopSequence: nil), .ended,
            ], to: Self.request)
        let shape =
            #"[{"token":"A","logprob":-0.5,"bytes":[65],"top_logprobs":[{"token":"B","logprob":-1,"bytes":[66]}]}]"#
        let deltas = events.filter { $0.name == "response.output_text.delta" }
        #expect(deltas.map { $0.data["logprobs"]?.fragment.text } == [shape, "[]"])
        #expect(
            events.dropLast().last?.data.at("response.output.0.content.0.logprobs")?.fragment.text == shape)
    }

    @Test func aHandOverIsTold() throws {
        let request = try CallerFixture.read(#""metadata":{"a":"b"}"#)
        let events = try CallerFixture.encode(
            [
                .started(id: "resp_1", model: "m", created: 1), .text(choice: 0, "A"),
                .continued(by: "p/n", model: "n", cause: "broken", at: 1), .text(choice: 0, "B"),
                .finished(choice: 0, .endTurn, stopSequence: nil), .ended,
            ], to: request)
        let last = try #require(events.dropLast().last?.data)
        #expect(last.text("response.model") == "n" && last.text("response.output.0.content.0.text") == "AB")
        #expect(
            last.at("response.metadata")?.fragment.text
                == #"{"a":"b","holdfast_continued_by":"p/n","holdfast_continued_cause":"broken","holdfast_continued_at":"1"}"#
        )
        #expect(events[0].data.at("response.metadata")?.fragment.text == #"{"a":"b"}"#)
        let known = events.allSatisfy { $0.name.hasPrefix("response.") || $0.name == "done" }
        #expect(known)
    }

    @Test(arguments: ["\n", "\r\n", "\r"]) func aRequestOfSeveralLinesIsRepeatedInOne(_ end: String) throws {
        let tools =
            "\"tools\":[{\(end)  \"type\":\"function\",\(end)  \"name\":\"a b\"\(end)}],\"metadata\":{\(end)\"k\":\"v\"}"
        let events = try CallerFixture.encode(
            [
                .started(id: "resp_1", model: "m", created: 1), .text(choice: 0, "A\nB"),
                .finished(choice: 0, .endTurn, stopSequence: nil), .ended,
            ], to: CallerFixture.read(tools))
        let last = try #require(events.dropLast().last?.data)
        #expect(events[0].name == "response.created" && events[0].data.text("response.tools.0.name") == "a b")
        #expect(last.text("response.metadata.k") == "v" && last.text("response.output.0.content.0.text") == "A\nB")
    }

    @Test func aPingIsAComment() {
        var encoder = CallerFixture.dialect.makeStreamEncoder(for: Self.request)
        var bytes = ByteBuffer()
        encoder.encode(.ping, into: &bytes)
        #expect(String(buffer: bytes) == ": ping\n\n")
    }

    @Test func itGoesOnWhereBytesPassed() throws {
        var encoder = CallerFixture.dialect.makeStreamEncoder(for: Self.request)
        var bytes = ByteBuffer()
        for event in [
            .started(id: "resp_1", model: "m", created: 1), .thinking(choice: 0, "T"), .partEnded(choice: 0),
            .text(choice: 0, "Hel"),
        ] as [StreamEvent] {
            encoder.encode(event, into: &bytes)
        }
        let reasoning = try JSONFragment(
            checking: #"{"id":"rs_theirs","type":"reasoning","summary":[],"encrypted_content":"e"}"#)
        let begun = try JSONFragment(checking: #"{"id":"msg_theirs","type":"message","content":[]}"#)
        encoder.goOn(
            from: StreamPlace(
                sequence: 41, items: [.whole(reasoning), .open(.init(begun: begun, part: .init(0)))]))
        bytes.clear()
        for event in [.text(choice: 0, "lo"), .finished(choice: 0, .endTurn, stopSequence: nil), .ended]
            as [StreamEvent]
        {
            encoder.encode(event, into: &bytes)
        }
        let events = try CallerFixture.events(bytes)
        #expect(
            events.map(\.name) == [
                "response.output_text.delta", "response.output_text.done", "response.content_part.done",
                "response.output_item.done", "response.completed", "done",
            ])
        #expect(events[0].data["sequence_number"]?.int == 42 && events[0].data["output_index"]?.int == 1)
        #expect(events[0].data.text("item_id") == "msg_theirs")
        #expect(events[1].data.text("text") == "Hello")
        let output = try #require(events[4].data.at("response.output"))
        #expect(output.at("0")?.fragment == reasoning && output.text("1.content.0.text") == "Hello")
        #expect(output.text("1.id") == "msg_theirs")
    }

    @Test func itGoesOnBetweenItems() throws {
        var encoder = CallerFixture.dialect.makeStreamEncoder(for: Self.request)
        var bytes = ByteBuffer()
        encoder.encode(.started(id: "resp_1", model: "m", created: 1), into: &bytes)
        encoder.encode(.text(choice: 0, "A"), into: &bytes)
        let message = try JSONFragment(checking: #"{"id":"msg_theirs"}"#)
        encoder.goOn(from: StreamPlace(sequence: 9, items: [.whole(message)]))
        bytes.clear()
        for event in [.text(choice: 0, "B"), .finished(choice: 0, .endTurn, stopSequence: nil), .ended] as [StreamEvent]
        {
            encoder.encode(event, into: &bytes)
        }
        let events = try CallerFixture.events(bytes)
        #expect(events[0].name == "response.output_item.added" && events[0].data["output_index"]?.int == 1)
        #expect(events.dropLast().last?.data.at("response.output.0")?.fragment == message)
    }
}
