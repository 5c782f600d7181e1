import Continuation
import Conversation
import NIOCore

/// The part of a caller's stream that has gone out, where the rest waits at
/// the release point.
///
/// A stream is written down as it is made (``CallerStream/journal``). Where a
/// suspension drops what is held, the stream goes back to this, and a standby
/// goes on from what the caller has.
///
/// A step is what one event becomes. Steps are noted by the number of bytes up
/// to their ends, in the order in which the bytes are given to the release
/// point. Belongs to the request's task.
final class SentStream {
    /// The state of a stream behind one of its events.
    struct State {
        var journal: StreamJournal
        /// Nil while bytes pass through.
        var encoder: (any StreamEncoder)?
        var place: StreamPlace?
        var handOvers = 0
    }

    private struct Step {
        var events: [StreamEvent]
        /// The events as they were encoded; nil for bytes that passed through.
        var told: StreamEvent?
        var place: StreamPlace?
        var begin: Int
        var end: Int
    }

    private var state: State
    /// The steps that have not gone out, or weren't looked at since.
    private var steps: [Step] = []
    /// The bytes that were made, from the beginning of the stream.
    private var made = 0
    /// The bytes that the release point was given.
    private(set) var taken = 0
    /// The bytes that have gone out.
    private var sent = 0
    /// Makes the encoder that goes on behind a state whose bytes passed through.
    private var makeEncoder: ((State) -> any StreamEncoder)?

    init(limit: Int) { state = State(journal: StreamJournal(limit: limit)) }

    // MARK: What is made

    /// Takes note that events are written anew from now on.
    /// - Parameter make: makes the encoder that goes on behind a state.
    func encodes(byMaking make: @escaping (State) -> any StreamEncoder) {
        if makeEncoder == nil { makeEncoder = make }
    }

    /// Takes note of what an event has become.
    /// - Parameter told: The event as it was encoded.
    func note(_ event: StreamEvent?, as told: StreamEvent, bytes: Int) {
        add(Step(events: event.map { [$0] } ?? [], told: told, place: nil, begin: made, end: made + bytes))
    }

    /// Takes note of events whose bytes pass as they came.
    /// - Parameters:
    ///   - range: The range of their bytes in the stream.
    ///   - place: The place of the stream behind them.
    func note(_ events: [StreamEvent], passing range: Range<Int>, place: StreamPlace?) {
        add(Step(events: events, told: nil, place: place, begin: range.lowerBound, end: range.upperBound))
    }

    private func add(_ step: Step) {
        catchUp()
        steps.append(step)
        made = step.end
    }

    /// Another candidate goes on. What the last one made and didn't give to the
    /// release point is never given.
    func beginAttempt() {
        for index in steps.indices {
            steps[index].begin = min(steps[index].begin, taken)
            steps[index].end = min(steps[index].end, taken)
        }
        made = taken
    }

    // MARK: What goes out

    func noteTaken(_ bytes: Int) { taken += bytes }
    func noteSent(_ bytes: Int) { sent += bytes }

    /// Returns whether a place of the stream lies inside of a step: half an
    /// event can't be gone on from.
    func isInside(_ place: Int) -> Bool {
        for step in steps.reversed() where step.end > step.begin {
            if step.begin < place, place < step.end { return true }
            if step.end <= place { return false }
        }
        return false
    }

    /// Takes back what has not gone out.
    /// - Returns: The state that the caller has; nil where that is half an
    ///   event.
    func goBack() -> State? {
        catchUp()
        guard !isInside(sent) else { return nil }
        steps = []
        (made, taken) = (sent, sent)
        return state
    }

    private func catchUp() {
        var count = 0
        for step in steps {
            guard step.end <= sent else { break }
            pass(step)
            count += 1
        }
        if count > 0 { steps.removeFirst(count) }
    }

    private func pass(_ step: Step) {
        if let told = step.told {
            if state.encoder == nil { state.encoder = makeEncoder?(state) }
            var scrap = ByteBuffer()
            state.encoder?.encode(told, into: &scrap)
        } else {
            state.place = step.place
        }
        for event in step.events {
            state.journal.note(event)
            if case .continued = event { state.handOvers += 1 }
        }
    }
}
