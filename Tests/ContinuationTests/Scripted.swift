import Continuation
import Conversation
import DialectAnthropic
import DialectOpenAI
import NIOCore
import Testing
import Wire

/// Text that is hard to cut: words, code, JSON, several scripts, emoji made
/// of several scalars, CRLF, many spaces.
let texts = [
    "The quick brown fox jumps over the lazy dog, then rests. It was a capitol idea, they said.",
    "def f(x):\n    if x:\n        return  [x,   1]\n\n    return None  # done\n\n\nprint(f(2))\n",
    #"{"name": "Ada \"L\" Byron", "tags": ["a", "b\n"], "deep": {"n": [1, 2.5e3, null]}}"#,
    "Grüße aus Köln — naïve café. 日本語の文章です。次の文。 Ελληνικά και ещё немного слов.",
    "One 👩‍👩‍👧‍👦 family, 🇩🇪 flags 👍🏽 and e\u{301} combined 🎉🎉 end.",
    "First line\r\nSecond line\r\n\r\nThird   with    gaps\tand tabs \r\nlast",
    "   leading   and trailing space   ",
    "ha ha ha ha ha ha ha ha ha ha ha ha ha ha",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft tagt.",
]

let base = ChatRequest(model: "assistant", messages: [Message(.user, [.text("Go")])])
let started = StreamEvent.started(id: "first", model: "one", created: 7)
let second = StreamEvent.started(id: "second", model: "two", created: 9)

func scalars(_ text: String) -> [Unicode.Scalar] { Array(text.unicodeScalars) }
func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
}
/// Scalar by scalar: Swift calls some strings equal that are spelt
/// differently.
func same(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }

func journal(_ text: String) -> StreamJournal {
    var journal = StreamJournal()
    journal.note(started)
    for scalar in text.unicodeScalars { journal.note(.text(choice: 0, String(scalar))) }
    return journal
}

/// Returns a candidate's stream, in pieces of `size` scalars.
func stream(_ text: String, size: Int = 3, finish: FinishReason? = .endTurn) -> [StreamEvent] {
    let all = scalars(text)
    var events = [second]
    var start = 0
    while start < all.count {
        let end = min(all.count, start + size)
        events.append(.text(choice: 0, string(all[start..<end])))
        start = end
    }
    if let finish { events.append(.finished(choice: 0, finish, stopSequence: nil)) }
    return events + [.usage(Usage(input: 3, output: 4)), .ended]
}

/// The result of feeding a candidate's stream through a seam.
struct Joined {
    var events: [StreamEvent] = []
    var outcome = Seam.Outcome.going

    var text: String {
        events.reduce(into: "") { if case .text(_, let text) = $1 { $0 += text } }
    }
    var finish: FinishReason? {
        for case .finished(_, let reason, _) in events { return reason }
        return nil
    }
    var continuedAt: [Int] {
        events.compactMap { if case .continued(_, _, _, let at) = $0 { at } else { nil } }
    }

    init(
        _ journal: StreamJournal, _ mode: ContinuationMode, given: String, to request: ChatRequest = base,
        _ stream: [StreamEvent]
    ) {
        var seam = Seam(
            journal: journal, mode: mode, given: given, request: request, by: "b/two", cause: "truncated")
        for event in stream {
            outcome = seam.take(event, into: &events)
            if outcome != .going { return }
        }
    }
}

extension CallerProtocol {
    /// The bytes that a caller gets from events, replayed ones thrown away.
    func encode(_ events: [StreamEvent], after replay: [StreamEvent] = [], for request: ChatRequest = base)
        -> ByteBuffer
    {
        var encoder = makeStreamEncoder(for: request)
        var bytes = ByteBuffer()
        for event in replay { encoder.encode(event, into: &bytes) }
        bytes.clear()
        for event in events { encoder.encode(event, into: &bytes) }
        return bytes
    }
}

extension ProviderProtocol {
    func decode(_ bytes: ByteBuffer) throws -> [StreamEvent] {
        var parser = SSEParser()
        parser.feed(bytes)
        var decoder = makeStreamDecoder()
        var events: [StreamEvent] = []
        while let event = try parser.next() { try decoder.decode(event, into: &events) }
        return events
    }
}
