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
    /// Holdfast's own id of the answer; nil where it has the provider's.
    let answerID: String?
    /// The place at which the bytes stand that have passed as they came, in an
    /// API whose events have numbers.
    var place: StreamPlace?
    /// True when the present candidate has sent something to the caller.
    var hasContributed = false
    /// The part that has gone out; nil where nothing waits at the release point,
    /// or nothing could drop it there.
    let sent: SentStream?

    init(_ context: RequestContext, keepsJournal: Bool) {
        journal = StreamJournal(limit: context.gateway.limits.continuation)
        door = context.call.door
        self.keepsJournal = keepsJournal
        promptBytes = context.record.requestBytes
        answerID = context.call.answerID
        let mayBeDropped = context.gateway.stages.permits != nil && context.release?.holdsPieces == true
        sent = keepsJournal && mayBeDropped ? SentStream(limit: context.gateway.limits.continuation) : nil
    }

    // MARK: Candidates come and go

    /// Another candidate is asked to go on.
    func beginAttempt() {
        hasContributed = false
        sent?.beginAttempt()
    }

    /// Takes back what was made and has not gone out: the caller never gets it.
    /// - Returns: False where that isn't known, so that nobody can go on.
    func goBack() -> Bool {
        guard let state = sent?.goBack() else { return false }
        (journal, encoder, place) = (state.journal, state.encoder, state.place)
        handOvers.removeLast(handOvers.count - state.handOvers)
        return true
    }

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
        let make = { [door, answerID] (journal: StreamJournal, place: StreamPlace?) in
            var made = door.makeStreamEncoder(for: request)
            // The bytes of the replay have gone out already.
            var sent = ByteBuffer()
            let naming = answerID.map(NamedAnswer.init)
            for event in journal.replay { made.encode(naming?.pass(event) ?? event, into: &sent) }
            if let place { made.goOn(from: place) }
            return made
        }
        sent?.encodes { make($0.journal, $0.place) }
        if encoder == nil { encoder = make(journal, place) }
    }

    /// Takes note of events whose bytes pass as they came.
    /// - Parameters:
    ///   - range: The range of their bytes in the stream.
    ///   - place: The place of the stream behind them.
    func note(_ events: [StreamEvent], passing range: Range<Int>, place: StreamPlace?) {
        for event in events { journal.note(event) }
        self.place = place
        sent?.note(events, passing: range, place: place)
    }

    func tell(_ event: StreamEvent, into output: inout ByteBuffer) {
        if keepsJournal { journal.note(event) }
        switch event {
        case .usage(let usage):
            encode(.usage(costBefore.map { $0 + usage } ?? usage), of: event, into: &output)
        case .continued(let by, _, let cause, let at):
            handOvers.append(HandOver(by: by, cause: cause, at: at))
            encode(event, of: event, into: &output)
        default: encode(event, of: event, into: &output)
        }
    }

    /// - Parameter event: The event that is written down; nil for one that
    ///   isn't.
    private func encode(_ told: StreamEvent, of event: StreamEvent?, into output: inout ByteBuffer) {
        let before = output.readableBytes
        encoder?.encode(told, into: &output)
        sent?.note(event, as: told, bytes: output.readableBytes - before)
    }

    /// The terminal event, with the cost of all who have told this.
    func end(with usage: Usage?, fragments: Int, into output: inout ByteBuffer) {
        if usage == nil, let costBefore {
            encode(.usage(costBefore + estimate(fragments: fragments)), of: nil, into: &output)
        }
        encode(.ended, of: nil, into: &output)
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
