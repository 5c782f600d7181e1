import Conversation
import NIOCore
import Wire

/// The stream of a golden file, read in one piece.
struct GoldenStream {
    /// A caller who wants all that a stream can tell.
    static let asked: ChatRequest = {
        var request = ChatRequest(model: "route", messages: [Message(.user, [.text("Go")])])
        request.stream = true
        request.includeUsage = true
        return request
    }()

    let bytes: ByteBuffer
    let frames: [Frame]
    /// As a door gets them.
    let events: [StreamEvent]
    let observation: StreamObservation

    init(_ golden: Golden) throws {
        let provider = try golden.provider()
        let file = try golden.bytes(golden.file(.stream))
        bytes = provider.framing == .eventStream ? try EventText.bytes(of: String(buffer: file)) : file
        var reading = GoldenReading(provider)
        try reading.feed(bytes)
        frames = reading.frames
        events = reading.events
        observation = reading.observation
    }

    func told(by door: any CallerProtocol, asked: ChatRequest = Self.asked) -> ByteBuffer {
        Self.encode(events, by: door, asked: asked)
    }

    /// The bytes of events; those that are `replayed` were sent before, up to
    /// `place` in an API whose events have numbers.
    static func encode(
        _ events: [StreamEvent], by door: any CallerProtocol, asked: ChatRequest = Self.asked,
        replayed: [StreamEvent] = [], to place: StreamPlace? = nil
    ) -> ByteBuffer {
        var encoder = door.makeStreamEncoder(for: asked)
        var bytes = ByteBuffer()
        for event in replayed { encoder.encode(event, into: &bytes) }
        if let place { encoder.goOn(from: place) }
        bytes.clear()
        for event in events { encoder.encode(event, into: &bytes) }
        return bytes
    }

    static func decode(_ bytes: ByteBuffer, _ provider: any ProviderProtocol) throws -> [StreamEvent] {
        var reading = GoldenReading(provider)
        try reading.feed(bytes)
        return reading.events
    }
}

/// The state of reading a stream, from its bytes to its events; a copy reads on
/// for itself.
struct GoldenReading {
    private var parser: FrameParser
    private var decoder: any StreamDecoder
    private var watcher: any StreamWatcher
    private let provider: any ProviderProtocol
    private(set) var frames: [Frame] = []
    private(set) var events: [StreamEvent] = []
    var observation: StreamObservation { watcher.observation }
    var unfinishedBytes: Int { parser.unfinishedBytes }
    var place: StreamPlace? { decoder.place }

    /// - Parameter framing: Nil for the provider's own.
    init(_ provider: any ProviderProtocol, _ framing: Framing? = nil) {
        self.provider = provider
        parser = FrameParser(framing ?? provider.framing)
        decoder = provider.makeStreamDecoder()
        watcher = provider.makeStreamWatcher()
    }

    mutating func feed(_ bytes: ByteBuffer) throws {
        parser.feed(bytes)
        while let frame = try parser.next() {
            frames.append(frame)
            watcher.observe(frame)
            let known = events.count
            try decoder.decode(frame, into: &events)
            for index in known..<events.count { events[index] = Speakers.named(events[index], by: provider) }
        }
    }
}

/// An answer as its reader understands it, whole or streamed, in whichever
/// dialect it is told.
struct GoldenAnswer: Equatable {
    struct Call: Equatable {
        var name: String
        /// JSON; a whole answer may space it otherwise than a stream.
        var arguments: String

        static func == (one: Call, other: Call) -> Bool {
            guard let own = try? JSONDocument(one.arguments), let others = try? JSONDocument(other.arguments) else {
                return false
            }
            return one.name == other.name && own.root.says(others.root)
        }
    }

    /// Text and words of refusal: one dialect keeps them apart, another doesn't.
    private(set) var words = ""
    private var hasRefusal = false
    /// The model refused for safety, in whatever words.
    private var isRefused = false
    private(set) var thinking = ""
    private(set) var calls: [Call] = []
    private(set) var finish: FinishReason?
    private(set) var input = 0
    private(set) var output = 0

    init(_ reply: ChatReply) {
        for part in reply.choices.first?.content ?? [] {
            switch part {
            case .text(let text): words += text
            case .refusal(let text): refuse(text)
            case .thinking(let text, _): thinking += text
            case .toolCall(let call): calls.append(Call(name: call.name, arguments: call.arguments))
            case .image, .toolResult, .redactedThinking: break
            }
        }
        end(reply.choices.first?.finish)
        count(reply.usage)
    }

    init(_ events: [StreamEvent]) {
        for event in events {
            switch event {
            case .text(_, let text): words += text
            case .refusal(_, let text): refuse(text)
            case .thinking(_, let text): thinking += text
            case .toolCallStarted(_, _, _, let name): calls.append(Call(name: name, arguments: ""))
            case .toolCallArguments(_, let call, let fragment): calls[call].arguments += fragment
            case .finished(_, let reason, _): end(reason)
            case .usage(let usage): count(usage)
            default: break
            }
        }
    }

    static func == (one: GoldenAnswer, other: GoldenAnswer) -> Bool {
        one.words.utf8.elementsEqual(other.words.utf8) && one.thinking.utf8.elementsEqual(other.thinking.utf8)
            && one.calls == other.calls && one.finish == other.finish
            && (one.input, one.output) == (other.input, other.output)
    }

    /// The answer as far as a door has words for it.
    func told(by door: String) -> GoldenAnswer {
        var told = self
        // Responses ends such an answer as any other, and says why in `metadata`:
        // agents ask again for what ends by a filter.
        if door == "responses", isRefused, !hasRefusal { told.finish = .endTurn }
        return told
    }

    private mutating func refuse(_ text: String) {
        words += text
        hasRefusal = true
    }

    /// Keeps the reason as far as all dialects tell it apart.
    private mutating func end(_ reason: FinishReason?) {
        isRefused = reason == .refusal
        finish =
            switch reason {
            // Where one has a place for words of refusal, another says it here.
            case .endTurn where hasRefusal: .refusal
            case .stopSequence: .endTurn
            case .contextFull: .length
            case .contentFilter: .refusal
            default: reason
            }
    }

    private mutating func count(_ usage: Usage?) {
        guard let usage else { return }
        (input, output) = (usage.input, usage.output)
    }
}
