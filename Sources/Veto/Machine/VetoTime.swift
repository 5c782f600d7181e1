/// A moment by both clocks: the wall clock that people read, and the boot clock
/// that nobody can set.
package struct VetoTime: Sendable, Hashable {
    /// Seconds since 1970.
    package var wall: Int
    /// Nanoseconds since the machine started, also while it slept:
    /// CLOCK_BOOTTIME (clock_gettime(2)).
    package var boot: UInt64

    package init(wall: Int, boot: UInt64) {
        self.wall = wall
        self.boot = boot
    }
}
