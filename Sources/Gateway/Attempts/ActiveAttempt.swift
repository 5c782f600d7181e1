import Conversation
import NIOCore
import Resilience

/// One attempt that is under way.
///
/// Belongs to the request's event loop, like everything that it refers to.
final class ActiveAttempt {
    /// The index of its candidate among the request's.
    let index: Int
    let prepared: PreparedAttempt
    let token: AttemptToken?
    let stream: CallerStream
    let began = NIODeadline.now()
    /// The lane that stands before its provider while a drill runs.
    var drillLane: DrillLane?
    /// The index among the record's attempts.
    var number = 0
    /// The handle that ends it if another one has the first word, or by a
    /// suspension; nil where neither can be, or its task ends it.
    var ending: ExchangeEnd?
    /// The race with attempts beside it; nil while there are none.
    var race: Race?
    /// The watch over its silence; nil where there is none.
    var watch: SilenceWatch?
    /// True while nothing has come of it that a caller would read.
    private(set) var isSilent = true
    /// The cost by the provider's words, where its answer was never told.
    var unheard: Usage?

    /// The attempt's place among what suspensions end; nil where there can be none.
    var live: LiveExchange? { ending?.live }
    var upstream: Upstream { prepared.upstream }
    var provider: Provider { prepared.provider }
    var place: Target { prepared.place }

    init(_ index: Int, _ prepared: PreparedAttempt, _ token: AttemptToken?, _ stream: CallerStream) {
        self.index = index
        self.prepared = prepared
        self.token = token
        self.stream = stream
    }

    /// Makes the handle that ends it where there is none yet, and has its
    /// silence watched.
    func makeEnding() {
        if ending == nil { ending = ExchangeEnd() }
        ending?.isWatched = true
    }

    /// Takes note that it has said something, or is over.
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
}

/// The watch over a silent attempt.
enum SilenceWatch {
    /// With all others of its event loop, in this slot.
    case swept(SilentAttempts, Int)
    /// By a timer of its own.
    case timed(Scheduled<Void>)
}
