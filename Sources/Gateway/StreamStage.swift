import Conversation
import NIOCore
import Wire

/// The synchronous middle of a stream's way: bytes of a provider in, bytes
/// for the caller out. Never suspends, so that what it needs on the way stays
/// out of the memory that a waiting stream holds.
protocol StreamStage: AnyObject {
    /// - Returns: what can go to the caller now, nil if nothing can.
    func take(_ bytes: ByteBuffer) -> ByteBuffer?
    /// Nothing more is wanted of the provider: its terminal event has come,
    /// or an error.
    var isOver: Bool { get }
    /// What the stream has told so far.
    var observation: StreamObservation { get }
    /// Whether anything has come that a caller would read.
    var hasContent: Bool { get }
    /// The event that came last: where it was an error, what it said.
    var lastEvent: ByteBuffer { get }
    /// Why the provider's stream can't be read on.
    var fault: LaneFailure? { get }
    /// Roughly the tokens that have come, for providers that don't say.
    var fragments: Int { get }
    /// Whether an error of the provider's own has gone to the caller as it
    /// came.
    var passesFailures: Bool { get }
}

/// Same dialect: the bytes go through, whole events at a time. What is not
/// yet a whole event waits, because an error event must be able to follow
/// whatever has gone out.
final class ForwardingStage: StreamStage {
    private var watcher: any StreamWatcher
    private var parser: SSEParser
    private var held = ByteBuffer()
    private(set) var fault: LaneFailure?
    private(set) var fragments = 0

    init(_ dialect: any Dialect, limit: Int) {
        watcher = dialect.makeStreamWatcher()
        parser = SSEParser(limit: limit)
    }

    private(set) var lastEvent = ByteBuffer()

    var observation: StreamObservation { watcher.observation }
    var hasContent: Bool { watcher.observation.hasContent }
    var isOver: Bool { watcher.observation.hasEnded || fault != nil }
    let passesFailures = true

    func take(_ bytes: ByteBuffer) -> ByteBuffer? {
        parser.feed(bytes)
        do throws(SSEProblem) {
            while let event = try parser.next() {
                fragments += 1
                watcher.observe(event)
                lastEvent = event.data
            }
        } catch {
            fault = .garbage(error.description)
        }
        if held.readableBytes == 0 {
            held = bytes
        } else {
            held.discardReadBytes()
            held.writeImmutableBuffer(bytes)
        }
        let whole = held.readableBytes - parser.unfinishedBytes
        return whole > 0 ? held.readSlice(length: whole) : nil
    }
}

/// Another dialect: the events are told anew.
final class TranslatingStage: StreamStage {
    private var decoder: any StreamDecoder
    private var encoder: any StreamEncoder
    private let single: SingleToolCall
    private var parser: SSEParser
    private var decoded: [StreamEvent] = []
    private(set) var observation = StreamObservation()
    private(set) var fault: LaneFailure?
    private(set) var fragments = 0
    private(set) var hasContent = false
    private(set) var lastEvent = ByteBuffer()
    let passesFailures = false

    init(from provider: any Dialect, to door: any Dialect, _ request: ChatRequest, limit: Int) {
        decoder = provider.makeStreamDecoder()
        encoder = door.makeStreamEncoder(for: request)
        single = SingleToolCall(request)
        parser = SSEParser(limit: limit)
    }

    var isOver: Bool { observation.hasEnded || observation.failure != nil || fault != nil }

    func take(_ bytes: ByteBuffer) -> ByteBuffer? {
        parser.feed(bytes)
        var output = ByteBufferAllocator().buffer(capacity: bytes.readableBytes * 2)
        while !isOver, let event = next() {
            decoded.removeAll(keepingCapacity: true)
            lastEvent = event.data
            do throws(UnreadableReply) {
                try decoder.decode(event, into: &decoded)
            } catch {
                fault = .garbage(error.reason)
            }
            for event in decoded where single.admits(event) { tell(event, into: &output) }
        }
        return output.readableBytes > 0 ? output : nil
    }

    private func next() -> SSEEvent? {
        do throws(SSEProblem) {
            return try parser.next()
        } catch {
            fault = .garbage(error.description)
            return nil
        }
    }

    private func tell(_ event: StreamEvent, into output: inout ByteBuffer) {
        switch event {
        case .failed(let error):
            observation.failure = error
            return
        case .usage(let usage): observation.usage = usage
        case .ended: observation.hasEnded = true
        case .ping, .started, .continued: break
        default:
            fragments += 1
            hasContent = true
        }
        encoder.encode(event, into: &output)
    }
}
