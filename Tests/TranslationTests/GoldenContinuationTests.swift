import Continuation
import Conversation
import NIOCore
import Testing
import Wire

@Suite("Golden streams that break off") struct GoldenContinuationTests {
    /// The two ways in which a candidate goes on from the text itself.
    private static let modes: [ContinuationMode] = [.prefill, .exactPrefill]

    @Test(
        "a stream that breaks off, and another dialect goes on with, is not one whole answer",
        arguments: Golden.all(with: .stream), Speakers.doors)
    func continued(_ golden: Golden, _ door: String) throws {
        let caller = try #require(Speakers.door(door))
        let request = try request(golden)
        let whole = try GoldenStream(golden).events
        let end = try #require(whole.lastIndex { if case .finished = $0 { true } else { false } })
        var resumed = 0
        for cut in 1...whole.count - 1 {
            let sent = Array(whole[..<cut])
            var journal = StreamJournal()
            for event in sent { journal.note(event) }
            switch journal.resumption(of: request) {
            case .impossible:
                // Half a call is out, or a word of refusal: nobody can take it back.
                // Nor can anyone go on from what a provider's own tool did.
                let isStuck = journal.hasOpenCall || journal.hasRefusal || journal.hasForeignPart
                #expect(isStuck || request.choices ?? 1 > 1)
            case .whole:
                try check(sent, journal.completion(of: request), journal, whole, caller, door, "cut \(cut) for \(door)")
                #expect(cut > end || !journal.completedCalls.isEmpty || request.responseFormat != nil)
            case .restart:
                for next in Speakers.doors {
                    let joined = try join(whole, journal, .restart, given: "", request, by: next)
                    let place = "cut \(cut) for \(door), \(next) begins anew"
                    try check(sent, joined, journal, whole, caller, door, place)
                }
            case .resume:
                for (next, mode) in Speakers.doors.flatMap({ next in Self.modes.map { (next, $0) } }) {
                    let resume = try #require(ResumeRequest.make(request, journal, mode))
                    if resume.outOfTokens {
                        // All that the caller allowed is told, but not that this was the end.
                        #expect(journal.usage?.output == request.maxTokens)
                        continue
                    }
                    try ask(resume.request, request, of: next, given: resume.given)
                    let joined = try join(whole, journal, mode, given: resume.given, request, by: next)
                    let place = "cut \(cut) for \(door), \(next) goes on by \(mode)"
                    try check(sent, joined, journal, whole, caller, door, place)
                    resumed += 1
                }
            }
        }
        let hasText = whole.prefix { $0 != .foreignPart }.contains { if case .text = $0 { true } else { false } }
        #expect(resumed > 0 || !hasText || request.choices ?? 1 > 1, "no cut of \(golden) was gone on with")
    }

    /// The case's own request, where a caller of its source asks one.
    private func request(_ golden: Golden) throws -> ChatRequest {
        guard golden.has(.request), Speakers.door(golden.source) != nil else { return GoldenStream.asked }
        var request = try golden.request(isStream: true)
        request.stream = true
        request.includeUsage = true
        return request
    }

    /// Lets the next candidate be asked in its words: as much of it as of the
    /// original can be said, and the text stands at the end.
    private func ask(_ resume: ChatRequest, _ original: ChatRequest, of next: String, given: String) throws {
        let provider = try #require(Speakers.provider(next))
        var dropped: [String] = []
        let model = Speakers.model(next)
        guard (try? provider.encodeChat(original, model: model, dropped: &dropped)) != nil else { return }
        let body = try JSONDocument(provider.encodeChat(resume, model: model, dropped: &dropped)).root
        guard !given.isEmpty else { return }
        let last = try #require((body["messages"] ?? body["input"]).map { Array($0.elements) }?.last)
        let words = last["content"]?.string ?? last["content"]?.elements.map { $0["text"]?.string ?? "" }.joined() ?? ""
        #expect(last["role"]?.isString("assistant") == true)
        // Anthropic takes no white space at the end; before the text may stand
        // what the caller himself had put into the assistant's mouth.
        let end = trimmed(given)
        #expect(trimmed(words).suffix(end.count).elementsEqual(end), "\(given) is not the end of \(words)")
    }

    private func trimmed(_ text: String) -> [Unicode.Scalar] {
        var scalars = Array(text.unicodeScalars)
        while scalars.last?.properties.isWhitespace == true { scalars.removeLast() }
        return scalars
    }

    /// The next candidate's stream behind the seam: it says what the first one
    /// would have said, from the text on that it was given, in its own bytes.
    private func join(
        _ whole: [StreamEvent], _ journal: StreamJournal, _ mode: ContinuationMode, given: String,
        _ request: ChatRequest, by next: String
    ) throws -> [StreamEvent] {
        var known = given.unicodeScalars.count
        let rest: [StreamEvent] = whole.compactMap { event in
            switch event {
            case .started: return .started(id: "next", model: "m-next", created: 9)
            case .text(let choice, let text):
                let new = text.unicodeScalars.dropFirst(known)
                known -= text.unicodeScalars.count - new.count
                return new.isEmpty ? nil : .text(choice: choice, String(String.UnicodeScalarView(new)))
            default: return event
            }
        }
        let bytes = GoldenStream.encode(rest, by: try #require(Speakers.door(next)))
        var seam = Seam(
            journal: journal, mode: mode, given: given, request: request, by: "next/m", cause: "truncated")
        var joined: [StreamEvent] = []
        for event in try GoldenStream.decode(bytes, #require(Speakers.provider(next))) {
            let outcome = seam.take(event, into: &joined)
            #expect(outcome == .going)
        }
        return joined
    }

    /// Holds all that the caller gets to one whole answer, the first one's.
    private func check(
        _ sent: [StreamEvent], _ joined: [StreamEvent], _ journal: StreamJournal, _ whole: [StreamEvent],
        _ caller: any CallerProtocol, _ door: String, _ place: String
    ) throws {
        let listener = try #require(Speakers.provider(door))
        var bytes = GoldenStream.encode(sent, by: caller)
        var passed = GoldenReading(listener)
        try passed.feed(bytes)
        bytes.writeImmutableBuffer(
            GoldenStream.encode(joined, by: caller, replayed: journal.replay, to: passed.place))
        #expect(bytes == GoldenStream.encode(sent + joined, by: caller), "\(place): a seam shows in the bytes")
        let heard = try GoldenStream.decode(bytes, listener)
        let starts = heard.filter { if case .started = $0 { true } else { false } }
        #expect(starts.count == 1 && heard.filter { $0 == .ended }.count == 1 && heard.last == .ended, "\(place)")
        // A door may put something before the provider's id.
        let uncut = try GoldenStream.decode(GoldenStream.encode(whole, by: caller), listener)
        #expect(starts.first.map(id) == uncut.first.map(id), "\(place): another id")
        let (told, first) = (GoldenAnswer(heard), GoldenAnswer(whole).told(by: door))
        #expect(told.words.utf8.elementsEqual(first.words.utf8), "\(place): \(told.words)")
        // Responses has no word for a refusal: neither as a door nor on the way.
        let isAlike = Set([told.finish, first.finish]) == [.refusal, .endTurn] && place.contains("responses")
        #expect(told.finish == first.finish || isAlike, "\(place): \(String(describing: told.finish))")
        // An answer that broke off behind a whole call ends with that call, and
        // thinking is not mixed across models.
        let calls = journal.completedCalls.isEmpty ? first.calls.count : journal.completedCalls.count
        #expect(told.calls == Array(first.calls.prefix(calls)), "\(place): \(told.calls)")
        #expect(first.thinking.utf8.starts(with: told.thinking.utf8), "\(place): \(told.thinking)")
    }

    private func id(_ event: StreamEvent) -> String? {
        if case .started(let id, _, _) = event { id } else { nil }
    }
}
