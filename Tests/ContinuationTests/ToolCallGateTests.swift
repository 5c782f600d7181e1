import Continuation
import Conversation
import Testing

@Suite("Tool calls are whole or not at all") struct ToolCallGateTests {
    private static let arguments = [#"{"city":"Köln \"}\" x","n":[1,{"a":2}]}"#, "{}", #" {"b": "]" } "#]

    /// Three calls, their arguments in pieces of one character.
    private static let answer: [StreamEvent] =
        [started, .text(choice: 0, "Let me look. ")]
        + arguments.enumerated().flatMap { number, text -> [StreamEvent] in
            [.toolCallStarted(choice: 0, call: number, id: "c\(number)", name: "f")]
                + text.map { .toolCallArguments(choice: 0, call: number, fragment: String($0)) }
        }
        + [.finished(choice: 0, .toolCalls, stopSequence: nil), .ended]

    private func journal(_ events: some Sequence<StreamEvent>) -> StreamJournal {
        var gate = ToolCallGate()
        var out: [StreamEvent] = []
        for event in events { gate.take(event, into: &out) }
        gate.drop()
        var journal = StreamJournal()
        for event in out { journal.note(event) }
        return journal
    }

    @Test("a call cut in the middle is delivered in half, or twice")
    func everyCut() {
        let whole = Self.arguments.enumerated().map { ToolCall(id: "c\($0)", name: "f", arguments: $1) }
        #expect(journal(Self.answer).completedCalls == whole)
        for cut in 2..<Self.answer.count {
            let sent = journal(Self.answer[..<cut])
            #expect(!sent.hasOpenCall, "cut at \(cut)")
            let calls = sent.completedCalls
            for (call, expected) in zip(calls, whole) {
                #expect(call.id == expected.id && expected.arguments.hasPrefix(call.arguments))
            }
            guard calls.isEmpty else {
                #expect(sent.resumption(of: base) == .whole)
                continue
            }
            #expect(sent.resumption(of: base) == .resume)
            // The next one says it all anew, and its call goes out once.
            let given = ResumeRequest.make(base, sent, .prefill)!.given
            let stream = [second, .text(choice: 0, " ")] + Self.answer[2...]
            let joined = Joined(sent, .prefill, given: given, stream)
            var all = sent
            for event in joined.events { all.note(event) }
            #expect(all.completedCalls == whole && all.text == "Let me look. " && all.finish == .toolCalls)
        }
    }

    @Test("parallel calls in pieces change their order")
    func interleaved() {
        var gate = ToolCallGate()
        var out: [StreamEvent] = []
        func start(_ call: Int) -> StreamEvent { .toolCallStarted(choice: 0, call: call, id: "c\(call)", name: "f") }
        func part(_ call: Int, _ text: String) -> StreamEvent {
            .toolCallArguments(choice: 0, call: call, fragment: text)
        }
        for event in [start(0), start(1), part(1, "{}"), part(0, "{\"a\""), part(0, ":1")] {
            gate.take(event, into: &out)
        }
        #expect(out.isEmpty && gate.isHolding)
        gate.take(part(0, "}"), into: &out)
        #expect(out == [start(0), part(0, "{\"a\":1}"), start(1), part(1, "{}")] && !gate.isHolding)
    }

    @Test("what a finish reason ends is withheld, or a stream without one looks whole")
    func ends() {
        let call = StreamEvent.toolCallStarted(choice: 0, call: 0, id: "c", name: "f")
        let half = StreamEvent.toolCallArguments(choice: 0, call: 0, fragment: "{\"a")
        let finish = StreamEvent.finished(choice: 0, .length, stopSequence: nil)
        var gate = ToolCallGate()
        var out: [StreamEvent] = []
        for event in [call, half, finish, .ended] { gate.take(event, into: &out) }
        #expect(out == [call, half, finish, .ended])
        out = []
        gate = ToolCallGate()
        for event in [call, half, .ended] { gate.take(event, into: &out) }
        #expect(out.count == 1 && out.first != .ended)
    }
}
