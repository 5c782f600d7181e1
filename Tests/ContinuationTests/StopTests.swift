import Continuation
import Conversation
import Testing

@Suite("Stop sequences, JSON and thinking at a seam") struct StopTests {
    @Test(
        "a stop sequence that lies across the seam is missed",
        arguments: ["END", "\n\nUser:", "🎉🎉", "aab", " stop here"])
    func acrossTheSeam(stop: String) throws {
        var request = base
        request.stop = ["never", stop]
        let before = "Some words aa a then "
        let all = scalars(before + stop + " and what must not be told")
        let cutAfter = scalars(before).count
        for cut in 1..<cutAfter + scalars(stop).count {
            for size in [1, 2, 50] {
                for mode in [ContinuationMode.prefill, .exactPrefill, .instruction] {
                    let sent = string(all[..<cut])
                    let journal = journal(sent)
                    let given = try #require(ResumeRequest.make(request, journal, mode)).given
                    // What begins like the last word is taken for it.
                    let word = scalars(sent).split { $0.properties.isWhitespace }.last ?? []
                    if mode == .instruction, all[cut...].starts(with: word) { continue }
                    let from = mode == .instruction ? cut : scalars(given).count
                    let joined = Joined(
                        journal, mode, given: given, to: request, stream(string(all[from...]), size: size))
                    #expect(joined.outcome == .stopped, "\(sent) \(mode)")
                    #expect(joined.events.last == .finished(choice: 0, .stopSequence, stopSequence: stop))
                    // What of the sequence was sent can't be taken back.
                    let expected = string(all[..<max(cut, cutAfter)])
                    #expect(same(sent + joined.text, expected), "\(sent)|\(joined.text)")
                }
            }
        }
    }

    @Test("a candidate that stops inside the word it tells again counts as diverging")
    func insideTheWord() {
        var request = base
        request.stop = ["END"]
        let journal = journal("some words E")
        let joined = Joined(journal, .prefill, given: "some words", to: request, stream(" ", finish: .stopSequence))
        #expect(joined.outcome == .stopped && joined.finish == .stopSequence && joined.text.isEmpty)
    }

    @Test("text that only looked like a stop sequence is lost")
    func almost() {
        var request = base
        request.stop = ["ENDING"]
        let joined = Joined(journal("the EN"), .exactPrefill, given: "the EN", to: request, stream("DIN", size: 1))
        #expect(joined.text == "DIN" && joined.finish == .endTurn && joined.outcome == .going)
    }

    @Test("JSON that doesn't parse as a whole is presented as a success")
    func json() throws {
        var request = base
        request.responseFormat = .jsonObject
        let text = texts[2]
        let all = scalars(text)
        for cut in 1..<all.count {
            let journal = journal(string(all[..<cut]))
            let resumed = try #require(ResumeRequest.make(request, journal, .prefill))
            #expect(resumed.request.responseFormat == nil)
            let rest = string(all[scalars(resumed.given).count...])
            let good = Joined(
                journal, .prefill, given: resumed.given, to: request, stream(rest + "\n```\nThere you are. }"))
            #expect(good.outcome == .going && journal.text + good.text == text && good.finish == .endTurn)
            let bad = Joined(
                journal, .prefill, given: resumed.given, to: request, stream(String(rest.dropLast()) + "]"))
            if case .broken = bad.outcome {} else { Issue.record("\(journal.text): \(bad)") }
            #expect(bad.finish == nil)
            // Cut by length it is told as such.
            let short = Joined(
                journal, .prefill, given: resumed.given, to: request,
                stream(String(rest.dropLast()), finish: .length))
            #expect(short.finish == .length)
        }
        #expect(journal(text).resumption(of: request) == .whole)
        #expect(journal(text).resumption(of: base) == .resume)
    }

    @Test("thinking of two models is mixed")
    func thinking() throws {
        var thought = StreamJournal()
        for event in [started, .thinking(choice: 0, "hm")] { thought.note(event) }
        #expect(thought.resumption(of: base) == .restart)
        let answer: [StreamEvent] = [
            second, .thinking(choice: 0, "well"), .thinkingSignature(choice: 0, "s"), .text(choice: 0, "Yes"),
            .finished(choice: 0, .endTurn, stopSequence: nil), .ended,
        ]
        let joined = Joined(thought, .restart, given: "", answer)
        #expect(
            joined.events == [
                .continued(by: "b/two", model: "two", cause: "truncated", at: 0), .text(choice: 0, "Yes"),
                .finished(choice: 0, .endTurn, stopSequence: nil), .ended,
            ])
        var silent = StreamJournal()
        silent.note(started)
        #expect(Joined(silent, .restart, given: "", answer).events.contains(.thinking(choice: 0, "well")))
        var request = base
        request.effort = "high"
        let resumed = try #require(ResumeRequest.make(request, journal("Yes, it"), .prefill))
        #expect(
            resumed.request.reasoning == nil && resumed.request.messages.last == Message(.assistant, [.text("Yes,")]))
    }
}
