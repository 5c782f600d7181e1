/// A moment on both clocks, read by whoever calls; this module has no clock
/// of its own.
package struct Moment: Sendable, Hashable {
    /// Monotonic, since the process began. All waiting is measured in it.
    package var tick: Duration
    /// Seconds since 1970, for what is told to people and outlives the
    /// process.
    package var unix: Int

    package init(tick: Duration, unix: Int) {
        self.tick = tick
        self.unix = unix
    }
}
