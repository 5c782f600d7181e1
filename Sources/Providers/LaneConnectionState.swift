import Gateway
import NIOCore
import Wire

/// The reading of one answer.
struct AnswerReading {
    var parser = HTTPResponseParser()
    /// The inflater of an answer that comes compressed; nil for all others.
    var inflater: Inflater?
    var hasEnded = false
    /// True when the connection can carry another exchange after this answer.
    var isReusable = false
    /// True when reading pauses because much is waiting to be parsed.
    var readIsHeld = false
}

/// The time limits of one exchange.
struct ExchangeDeadlines {
    /// The time by which the provider must have said its next word.
    var word = NIODeadline.distantFuture
    /// True while that time runs: bytes that come end it, and looking away
    /// doesn't.
    var isRunning = false
    var started = NIODeadline.distantPast
    var total = NIODeadline.distantFuture
    var limits = AttemptLimits()
    var progress = StreamProgress()
}

/// The end of a connection or of its exchange, as far as it is known.
struct ConnectionEnding {
    /// True when the caller's task was cancelled.
    var isCancelled = false
    /// True once the connection is told to close. TLS says goodbye first:
    /// between closing and closed time passes.
    var isClosing = false
    /// True once the channel has ended.
    var wasSeen = false
    var failure: LaneFailure?
}

/// A pool's notes about one of its connections.
struct PooledConnection {
    var idleSince = NIODeadline.now()
    /// True when the pool has accepted the connection, and counts it among the
    /// open ones.
    var isCounted = false
    /// The index among the pool's busy connections; nil for one that is idle.
    var busyIndex: Int?
}
