package import NIOCore

/// The limit between two pieces of a stream that a caller would read: what
/// only keeps the connection alive (comments, pings, empty deltas) doesn't
/// count.
///
/// Reads no clock itself: it is told the time as often as the pool looks at
/// all limits, and holds to within that and ``longestRest``, on the late side.
package struct StreamProgress {
    /// When the next such piece must have come.
    package private(set) var deadline = NIODeadline.distantFuture
    /// True when any such piece has come.
    package private(set) var hasBegun = false
    /// True when the next bytes are to be searched for such a piece.
    package private(set) var isWanted = true
    private var pause = TimeAmount.zero
    /// The time after such a piece during which bytes aren't searched.
    private var rest = TimeAmount.zero
    private var isNew = false
    private var last = NIODeadline.distantPast

    package static let longestRest = TimeAmount.seconds(1)

    package init() {}

    /// - Parameters:
    ///   - first: when the first piece must have come; nil for any time.
    ///   - pause: the longest between two.
    package init(until first: NIODeadline?, pause: TimeAmount) {
        deadline = first ?? .distantFuture
        self.pause = pause
        rest = min(Self.longestRest, .nanoseconds(pause.nanoseconds / 4))
    }

    package mutating func note() {
        hasBegun = true
        isWanted = false
        isNew = true
    }

    /// - Parameter isAwaited: True when a reader waits for the next bytes, so
    ///   that the time that passes is the provider's.
    package mutating func checkTime(_ now: NIODeadline, isAwaited: Bool) {
        guard hasBegun else { return }
        if isNew {
            isNew = false
            last = now
            deadline = now + pause + rest
            return
        }
        if !isAwaited { deadline = max(deadline, now + pause + rest) }
        if now >= last + rest { isWanted = true }
    }
}
