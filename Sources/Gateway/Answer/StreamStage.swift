import Continuation
import Conversation
import NIOCore
import Wire

/// The synchronous middle of a stream's way: bytes of a provider in, bytes
/// for the caller out. Never suspends, so that what it needs on the way stays
/// out of the memory that a waiting stream holds.
protocol StreamStage: AnyObject {
    /// Takes bytes of the provider.
    /// - Returns: The bytes that can be sent to the caller now; nil if there
    ///   are none.
    func take(_ bytes: ByteBuffer) -> ByteBuffer?
    /// Handles the end of a provider's stream that came without its terminal
    /// event. Reads an event that lacks only its blank line. Where the finish
    /// reason of every choice has come, returns the terminal event in the
    /// provider's place.
    /// - Parameter door: The API that the caller speaks.
    /// - Returns: The bytes that can be sent to the caller now; nil if there
    ///   are none.
    func endWithoutTerminal(for door: any CallerProtocol) -> ByteBuffer?
    /// Nothing more is wanted of the provider: its terminal event has come,
    /// or an error.
    var isOver: Bool { get }
    /// The state of the stream so far.
    var observation: StreamObservation { get }
    /// True when something has come that a caller would read.
    var hasContent: Bool { get }
    /// True when the bytes that were taken last had something that a caller
    /// would read; comments, pings and empty deltas have nothing. Not always
    /// known where ``isWatched`` is false.
    var hasProgressed: Bool { get }
    /// True when the next bytes are to be searched for something that a caller
    /// would read.
    var isWatched: Bool { get set }
    /// True when something that a caller would read may have been sent; a tool
    /// call that is held back hasn't.
    var hasReleased: Bool { get }
    /// The event that came last: where it was an error, what it said.
    var lastEvent: ByteBuffer { get }
    /// The reason why the provider's stream can't be read further.
    var fault: LaneFailure? { get }
    /// Roughly the tokens that have come, for providers that don't say.
    var fragments: Int { get }
    /// An error of the provider's own as it came, for callers of its dialect:
    /// nil where it has to be told in other words.
    var ownFailure: ByteBuffer? { get }
    /// The way in which a continuation joins what was sent.
    var joining: Seam.Outcome { get }
}

extension StreamStage {
    var joining: Seam.Outcome { .going }

    /// The same as ``take(_:)``, where it may matter that the bytes bring
    /// something.
    func take(_ bytes: ByteBuffer, watching: Bool) -> ByteBuffer? {
        isWatched = watching
        return take(bytes)
    }
}

extension StreamEvent {
    /// True when a caller would read the event.
    var isContent: Bool {
        switch self {
        case .ping, .started, .continued, .partEnded, .usage, .failed, .ended: false
        case .text, .refusal, .thinking, .thinkingSignature, .redactedThinking, .toolCallStarted, .toolCallArguments,
            .foreignPart, .logprobs, .finished:
            true
        }
    }

    /// True when the event says that the answer is a refusal, or what a filter
    /// has left of one.
    var isRefusal: Bool {
        switch self {
        case .refusal, .finished(_, .contentFilter, _), .finished(_, .refusal, _): true
        default: false
        }
    }

    /// The choice that it is part of; nil where it is of none.
    var choice: Int? {
        switch self {
        case .text(let choice, _), .refusal(let choice, _), .thinking(let choice, _), .thinkingSignature(let choice, _),
            .redactedThinking(let choice, _), .toolCallStarted(let choice, _, _, _),
            .toolCallArguments(let choice, _, _), .partEnded(let choice), .logprobs(let choice, _),
            .finished(let choice, _, _):
            choice
        case .started, .foreignPart, .usage, .continued, .ping, .failed, .ended: nil
        }
    }

    /// True when the event only closes a part.
    var isFrame: Bool {
        if case .partEnded = self { true } else { false }
    }
}

/// The choices of a stream that have told why they ended.
struct ChoiceEnds {
    private var last = -1
    private var finished: Set<Int> = []

    /// Tells whether every choice that has said something has finished.
    var isComplete: Bool { last >= 0 && finished.count > last }

    mutating func note(_ event: StreamEvent) {
        guard let choice = event.choice else { return }
        if choice > last { last = choice }
        if case .finished = event { finished.insert(choice) }
    }
}

/// Same dialect: the bytes go through, whole events at a time. What is not
/// yet a whole event waits, because an error event must be able to follow
/// whatever has gone out. Nothing goes out behind the terminal event, and an
/// error of the provider's doesn't: it is looked at first.
final class ForwardingStage: StreamStage {
    private var forwarding: Forwarding

    init(_ dialect: any ProviderProtocol, limit: Int) { forwarding = Forwarding(dialect, limit: limit) }

    func take(_ bytes: ByteBuffer) -> ByteBuffer? { forwarding.take(bytes) }
    func endWithoutTerminal(for door: any CallerProtocol) -> ByteBuffer? { forwarding.endWithoutTerminal(for: door) }
    var isOver: Bool { forwarding.isOver }
    var observation: StreamObservation { forwarding.observation }
    var hasContent: Bool { forwarding.observation.hasContent }
    var hasProgressed: Bool { forwarding.hasProgressed }
    var isWatched: Bool {
        get { forwarding.isWatched }
        set { forwarding.isWatched = newValue }
    }
    var hasReleased: Bool { hasContent }
    var lastEvent: ByteBuffer { forwarding.lastEvent }
    var fault: LaneFailure? { forwarding.fault }
    var fragments: Int { forwarding.fragments }
    var ownFailure: ByteBuffer? { forwarding.ownFailure }
}

private struct Forwarding {
    fileprivate let dialect: any ProviderProtocol
    fileprivate var watcher: any StreamWatcher
    fileprivate var parser: FrameParser
    fileprivate var held = ByteBuffer()
    private(set) var fault: LaneFailure?
    private(set) var fragments = 0
    private(set) var ownFailure: ByteBuffer?

    init(_ dialect: any ProviderProtocol, limit: Int) {
        self.dialect = dialect
        watcher = dialect.makeStreamWatcher()
        parser = FrameParser(dialect.framing, limit: limit)
    }

    var isWatched = false
    private(set) var hasProgressed = false
    fileprivate(set) var lastEvent = ByteBuffer()
    /// The watcher's, fetched once for each piece.
    fileprivate(set) var observation = StreamObservation()

    var isOver: Bool { observation.hasEnded || observation.failure != nil || fault != nil }

    mutating func take(_ bytes: ByteBuffer) -> ByteBuffer? {
        parser.feed(bytes)
        held.hold(bytes)
        hasProgressed = false
        let isBeginning = !observation.hasContent
        // Where the last event begins.
        var begin = 0
        do throws(FrameProblem) {
            while !watcher.isOver {
                begin = held.readableBytes - parser.unfinishedBytes
                guard let event = try parser.next() else { break }
                fragments += 1
                watcher.observe(event)
                if isWatched, !isBeginning, !hasProgressed { hasProgressed = saysMore(event) }
                lastEvent = event.data
            }
        } catch {
            fault = .garbage(error.description)
        }
        observation = watcher.observation
        if isBeginning { hasProgressed = observation.hasContent }
        var whole = held.readableBytes - parser.unfinishedBytes
        if watcher.isOver { whole += parser.bytesBehind(whole, in: held) }
        if observation.failure == nil {
            // Kept for what it says of a failure; what it is part of is larger.
            lastEvent = ByteBuffer()
        } else {
            ownFailure = held.getSlice(at: held.readerIndex + begin, length: whole - begin)
            whole = begin
        }
        return whole > 0 ? held.readSlice(length: whole) : nil
    }

    /// Returns whether the event by itself says anything. Asks a new watcher,
    /// because the stream's own no longer looks at events once it has seen
    /// enough.
    private func saysMore(_ event: Frame) -> Bool {
        var watcher = dialect.makeStreamWatcher()
        watcher.observe(event)
        let observation = watcher.observation
        return observation.hasContent || observation.hasFinished || watcher.isOver
    }
}

extension Forwarding {
    fileprivate mutating func endWithoutTerminal(for door: any CallerProtocol) -> ByteBuffer? {
        guard !isOver else { return nil }
        var output = ByteBuffer()
        if parser.unfinishedBytes > 0, let event = parser.finish(), event.isWhole {
            watcher.observe(event)
            observation = watcher.observation
            guard observation.failure == nil else {
                lastEvent = event.data
                return nil
            }
            output = parser.closing(held)
        }
        held = ByteBuffer()
        if !observation.hasEnded, observation.hasFinished {
            observation.hasEnded = true
            output.writeImmutableBuffer(door.encodeStreamEnd())
        }
        return output.readableBytes > 0 ? output : nil
    }
}

extension Frame {
    /// True when the frame lacks nothing but its own end: its data is a
    /// terminal word, or JSON that ends.
    var isWhole: Bool {
        let text = data.readableBytesView
        if text.count <= 16, String(decoding: text, as: UTF8.self).filter({ !$0.isWhitespace }) == "[DONE]" {
            return true
        }
        return (try? JSONDocument(data, limits: .skim))?.root.kind == .object
    }
}

extension ByteBuffer {
    /// Appends; where nothing is held, without a copy.
    mutating func hold(_ bytes: ByteBuffer) {
        guard readableBytes > 0 else { return self = bytes }
        discardReadBytes()
        writeImmutableBuffer(bytes)
    }
}
