import Continuation
import Conversation
import DialectAnthropic
import DialectOpenAI
import NIOCore
import Testing

@Suite("What can be resumed, and how it is asked for") struct JournalTests {
    @Test("what can't be continued is, or is cut short without a word")
    func resumptions() {
        var request = base
        #expect(StreamJournal().resumption(of: request) == .restart)
        #expect(journal("x").resumption(of: request) == .resume)
        request.choices = 2
        if case .impossible = journal("x").resumption(of: request) {} else { Issue.record("two choices") }
        var done = journal("x")
        done.note(.finished(choice: 0, .length, stopSequence: nil))
        #expect(done.resumption(of: base) == .whole && done.completion(of: base) == [.ended])
        var other = journal("x")
        other.note(.text(choice: 1, "y"))
        if case .impossible = other.resumption(of: base) {} else { Issue.record("a second choice") }
        var half = journal("x")
        half.note(.toolCallStarted(choice: 0, call: 0, id: "c", name: "f"))
        half.note(.toolCallArguments(choice: 0, call: 0, fragment: "{\"a\":"))
        #expect(half.hasOpenCall && half.completedCalls.isEmpty)
        if case .impossible = half.resumption(of: base) {} else { Issue.record("half a call") }
        half.note(.toolCallArguments(choice: 0, call: 0, fragment: "1}"))
        #expect(half.resumption(of: base) == .whole)
        #expect(half.completedCalls == [ToolCall(id: "c", name: "f", arguments: "{\"a\":1}")])
        #expect(half.completion(of: base) == [.finished(choice: 0, .toolCalls, stopSequence: nil), .ended])
        #expect(ResumeRequest.make(base, half, .prefill) == nil)
        #expect(ResumeRequest.make(base, journal("x"), .restart) == nil)
    }

    @Test("what nobody could go on with is kept all the same")
    func anAnswerBeyondTheLimitIsForgotten() {
        var kept = StreamJournal(limit: 1000)
        kept.note(started)
        for _ in 0..<100 { kept.note(.text(choice: 0, "words")) }
        #expect(!kept.isFull && kept.resumption(of: base) == .resume)
        for _ in 0..<10_000 {
            kept.note(.text(choice: 0, "words"))
            kept.note(.toolCallStarted(choice: 0, call: 0, id: "c", name: "f"))
        }
        #expect(kept.isFull && kept.text.isEmpty && kept.replay.isEmpty && kept.completedCalls.isEmpty)
        guard case .impossible(let why) = kept.resumption(of: base) else {
            Issue.record("it can't be continued")
            return
        }
        #expect(why.contains("limits.continuation"))
        // Its end is known all the same.
        kept.note(.finished(choice: 0, .endTurn, stopSequence: nil))
        #expect(kept.resumption(of: base) == .whole)
    }

    @Test("more tokens are asked for than remain")
    func tokens() throws {
        var request = base
        request.maxTokens = 60
        var journal = StreamJournal()
        journal.note(started)
        for _ in 0..<40 { journal.note(.text(choice: 0, "word ")) }
        #expect(ResumeRequest.make(request, journal, .prefill)?.request.maxTokens == 20)
        journal.note(.usage(Usage(input: 1, output: 50)))
        #expect(ResumeRequest.make(request, journal, .prefill)?.request.maxTokens == 10)
        journal.note(.continued(by: "b", model: "m", cause: "broken", at: 200))
        for _ in 0..<10 { journal.note(.text(choice: 0, "word ")) }
        #expect(ResumeRequest.make(request, journal, .instruction)?.outOfTokens == true)
    }

    @Test("the caller's own prefill is torn from its continuation")
    func ownPrefill() throws {
        var request = base
        request.messages.append(Message(.assistant, [.text("It is ")]))
        let resumed = try #require(ResumeRequest.make(request, journal("a fine da"), .prefill))
        #expect(resumed.request.messages.last == Message(.assistant, [.text("It is a fine")]))
        let asked = try #require(ResumeRequest.make(request, journal("a fine da"), .instruction))
        #expect(asked.request.messages[1] == Message(.assistant, [.text("It is a fine da")]))
        guard case .text(let words)? = asked.request.messages.last?.content.first else { throw CancellationError() }
        #expect(words.contains("«da»"))
    }

    private static let doors: [any CallerProtocol & ProviderProtocol] = [OpenAIDialect(now: { 7 }), AnthropicDialect()]

    /// A first stream that ends at `cut` events, and what is still to come.
    private static let answer: [StreamEvent] =
        [started, .thinking(choice: 0, "hm "), .thinkingSignature(choice: 0, "sig")]
        + "A capital idea, they said, and went on with it.".map { .text(choice: 0, String($0)) }
        + [
            .toolCallStarted(choice: 0, call: 0, id: "c", name: "f"),
            .toolCallArguments(choice: 0, call: 0, fragment: #"{"a":[1,"}"]}"#),
            .finished(choice: 0, .toolCalls, stopSequence: nil), .usage(Usage(input: 5, output: 9)), .ended,
        ]

    @Test("after a seam the caller's bytes are not one answer", arguments: [0, 1])
    func bytes(door: Int) throws {
        let door = Self.doors[door]
        var request = base
        request.includeUsage = true
        for cut in 5..<50 {
            let first = Array(Self.answer[..<cut])
            var journal = StreamJournal()
            for event in first { journal.note(event) }
            let resumed = try #require(ResumeRequest.make(request, journal, .prefill))
            let rest: [StreamEvent] =
                [
                    second,
                    .text(
                        choice: 0,
                        String("A capital idea, they said, and went on with it.".dropFirst(resumed.given.count))),
                ]
                + Self.answer.suffix(5)
            let joined = Joined(journal, .prefill, given: resumed.given, to: request, rest)
            #expect(joined.outcome == .going)
            // A primed encoder writes what the one that began would write.
            var whole = door.encode(first, for: request)
            let after = door.encode(joined.events, after: journal.replay, for: request)
            #expect(
                door.encode(first + joined.events, for: request)
                    == ByteBuffer(bytes: Array(whole.readableBytesView) + Array(after.readableBytesView)))
            whole.writeImmutableBuffer(after)
            let told = String(buffer: whole)
            #expect(told.contains(#""holdfast":{"continued":[{"by":"b/two","cause":"truncated","at":\#(cut - 3)}]}"#))
            #expect(told.components(of: "\"role\":\"assistant\"") == 1)
            var read = StreamJournal()
            var ends = 0
            for event in try door.decode(whole) {
                read.note(event)
                if event == .ended { ends += 1 }
            }
            #expect(ends == 1 && read.id == "first" && read.finish == .toolCalls)
            #expect(read.text == "A capital idea, they said, and went on with it.")
            #expect(read.completedCalls == [ToolCall(id: "c", name: "f", arguments: #"{"a":[1,"}"]}"#)])
            #expect(read.usage == Usage(input: 5, output: 9))
        }
    }

    @Test("a chunk after the seam names the model that began")
    func model() {
        let bytes = Self.doors[0].encode([
            started, .text(choice: 0, "a"), .continued(by: "b/two", model: "two", cause: "broken", at: 1),
            .text(choice: 0, "b"), .finished(choice: 0, .endTurn, stopSequence: nil), .ended,
        ])
        let lines = String(buffer: bytes).split(separator: "\n")
        #expect(lines.map { $0.contains(#""id":"first""#) } == [true, true, true, true, false])
        #expect(lines.map { $0.contains(#""created":7,"model":"two""#) } == [false, false, true, true, false])
        #expect(lines.map { $0.contains("holdfast") } == [false, false, false, true, false])
    }
}

extension String {
    fileprivate func components(of part: String) -> Int {
        let bytes = Array(utf8)
        let part = Array(part.utf8)
        guard bytes.count >= part.count else { return 0 }
        return (0...bytes.count - part.count).filter { bytes[$0..<$0 + part.count].elementsEqual(part) }.count
    }
}
