import Conversation
import NIOCore
import Resilience

/// One attempt that is under way.
///
/// Belongs to the request's event loop, like everything that it refers to.
final class Runner {
    let index: Int
    let attempt: Attempt
    let permit: Permit?
    let stream: CallerStream
    let began = NIODeadline.now()
    var place: Place { attempt.place }
    /// The lane that a drill puts in front of the provider's; nil while no
    /// drill pulls this candidate.
    var injection: DrillLane?
    /// The attempt's index among the record's attempts.
    var number = 0
    /// The handle that ends it if another one has the first word; nil where
    /// none will be asked beside it, or its task ends it.
    var ending: ExchangeEnd?
    /// The others beside it; nil while there are none.
    var race: Race?
    /// The watch over its silence; nil where there is none.
    var watch: SilenceWatch?
    /// True while the attempt has brought nothing that a caller would read.
    private(set) var isSilent = true
    /// The usage that the provider reported, where its answer was never sent to
    /// the caller.
    var unheard: Usage?

    init(_ index: Int, _ attempt: Attempt, _ permit: Permit?, _ stream: CallerStream) {
        self.index = index
        self.attempt = attempt
        self.permit = permit
        self.stream = stream
    }

    /// Ends the silence: the attempt has brought something, or is over.
    func endSilence() {
        isSilent = false
        stopWatching()
    }

    func stopWatching() {
        switch watch {
        case nil: return
        case .swept(let silent, let slot): silent.remove(slot)
        case .timed(let timer): timer.cancel()
        }
        watch = nil
    }

    indirect enum Outcome: Sendable {
        case served
        case failed(FailedAttempt)
        case interrupted(InterruptedStream)
        case mismatch(Mismatch)
        case other(any Error)

        var isServed: Bool {
            if case .served = self { true } else { false }
        }

        /// True when the attempt has sent something to the caller, or was about
        /// to.
        var wasHeard: Bool {
            switch self {
            case .served, .interrupted, .mismatch: true
            case .failed, .other: false
            }
        }
    }
}

/// The watch over a silent attempt.
enum SilenceWatch {
    /// With all others of its event loop, in this slot.
    case swept(SilentAttempts, Int)
    /// By a timer of its own.
    case timed(Scheduled<Void>)
}
