import NIOCore

/// The rate at which a caller takes what it is sent: bytes in the last seconds.
struct TakingRate: Sendable {
    private struct Sample: Sendable {
        var time: NIODeadline
        var taken: Int
    }

    private let window: TimeAmount
    private var samples: [Sample]

    /// - Parameter taken: all bytes that the caller has taken so far.
    init(over window: TimeAmount, taken: Int, now: NIODeadline) {
        self.window = window
        samples = [Sample(time: now, taken: taken)]
    }

    mutating func note(taken: Int, now: NIODeadline) {
        // Of what is older than the window one is kept, for it to be whole.
        while samples.count > 1, now - samples[1].time >= window { samples.removeFirst() }
        // Often asked about at once: no sample a millisecond.
        if let last = samples.last, samples.count > 1, now - last.time < .milliseconds(500) {
            samples[samples.count - 1].taken = taken
        } else {
            samples.append(Sample(time: now, taken: taken))
        }
    }

    /// Bytes a second, and whether they were measured over the whole window.
    func rate(now: NIODeadline) -> (bytes: Double, isMeasured: Bool) {
        guard let first = samples.first, let last = samples.last else { return (0, false) }
        let span = now - first.time
        let seconds = max(Double(span.nanoseconds) / 1e9, 0.001)
        return (Double(last.taken - first.taken) / seconds, span >= window)
    }
}
