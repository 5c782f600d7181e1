import Continuation
import Conversation
import NIOCore
import Wire

/// The one stream that a caller hears, whoever tells it.
///
/// Remembers what has gone out, so that another candidate can go on where
/// one left off. Belongs to the request's task.
final class CallerStream {
    private let door: any CallerProtocol
    /// True when another candidate could continue the stream. Otherwise nothing
    /// is written down, and nothing is held back.
    let keepsJournal: Bool
    /// The journal of everything that has been sent, or is about to be.
    var journal: StreamJournal
    /// The candidates that went on, in order.
    private(set) var handOvers: [HandOver] = []
    /// The one that wrote what has gone out; nil while bytes pass through.
    private var encoder: (any StreamEncoder)?
    /// The usage of the candidates before the present one.
    private var costBefore: Usage?
    private let promptBytes: Int
    /// True when the present candidate has sent something to the caller.
    var hasContributed = false

    init(_ context: RequestContext, keepsJournal: Bool) {
        journal = StreamJournal(limit: context.gateway.limits.continuation)
        door = context.call.door
        self.keepsJournal = keepsJournal
        promptBytes = context.record.requestBytes
    }

    // MARK: Candidates come and go

    /// Another candidate is asked to go on.
    func beginAttempt() { hasContributed = false }

    /// The present candidate has left off.
    func addCost(_ usage: Usage) {
        costBefore = costBefore.map { $0 + usage } ?? usage
    }

    /// Roughly, for candidates that don't say: an event is about a token,
    /// four bytes of prompt are one.
    func estimate(fragments: Int) -> Usage { Usage(input: promptBytes / 4, output: fragments) }

    // MARK: Telling

    /// Makes the encoder that goes on where what was sent stops.
    func prepareEncoder(for request: ChatRequest) {
        guard encoder == nil else { return }
        var made = door.makeStreamEncoder(for: request)
        // Its bytes are those that have gone out.
        var sent = ByteBuffer()
        for event in journal.replay { made.encode(event, into: &sent) }
        encoder = made
    }

    func tell(_ event: StreamEvent, into output: inout ByteBuffer) {
        if keepsJournal { journal.note(event) }
        switch event {
        case .usage(let usage): encoder?.encode(.usage(costBefore.map { $0 + usage } ?? usage), into: &output)
        case .continued(let by, _, let cause, let at):
            handOvers.append(HandOver(by: by, cause: cause, at: at))
            encoder?.encode(event, into: &output)
        default: encoder?.encode(event, into: &output)
        }
    }

    /// The terminal event, with the cost of all who have told this.
    func end(with usage: Usage?, fragments: Int, into output: inout ByteBuffer) {
        if usage == nil, let costBefore {
            encoder?.encode(.usage(costBefore + estimate(fragments: fragments)), into: &output)
        }
        encoder?.encode(.ended, into: &output)
    }

    /// Returns the rest of an answer that was complete when its candidate
    /// stopped.
    func complete(_ events: [StreamEvent], for request: ChatRequest) -> ByteBuffer {
        // All but the terminal event has passed as it came, and must not be
        // said again by an encoder that keeps some of it for the end.
        if encoder == nil, journal.finish != nil { return door.encodeStreamEnd() }
        prepareEncoder(for: request)
        var output = ByteBuffer()
        for event in events where event != .ended { tell(event, into: &output) }
        if let costBefore { encoder?.encode(.usage(costBefore), into: &output) }
        encoder?.encode(.ended, into: &output)
        return output
    }
}

extension Usage {
    static func + (a: Usage, b: Usage) -> Usage {
        func sum(_ a: Int?, _ b: Int?) -> Int? { a == nil && b == nil ? nil : (a ?? 0) &+ (b ?? 0) }
        return Usage(
            input: a.input &+ b.input, output: a.output &+ b.output, cacheRead: sum(a.cacheRead, b.cacheRead),
            cacheWrite: sum(a.cacheWrite, b.cacheWrite), reasoning: sum(a.reasoning, b.reasoning))
    }
}
