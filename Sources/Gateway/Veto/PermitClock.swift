import Glibc

/// The clocks by which permits end.
package struct PermitClock: Sendable {
    /// Nanoseconds since the machine started, also while it slept.
    ///
    /// CLOCK_BOOTTIME (clock_gettime(2)): CLOCK_MONOTONIC stands still while a
    /// virtual machine is suspended, and a permit would outlive that.
    package var boot: @Sendable () -> UInt64
    /// Seconds since 1970.
    package var wall: @Sendable () -> Int

    package init(boot: @escaping @Sendable () -> UInt64, wall: @escaping @Sendable () -> Int) {
        self.boot = boot
        self.wall = wall
    }

    /// The machine's.
    package static let system = PermitClock(
        boot: {
            var now = timespec()
            clock_gettime(clockid_t(CLOCK_BOOTTIME), &now)
            return UInt64(truncatingIfNeeded: now.tv_sec) &* 1_000_000_000
                &+ UInt64(truncatingIfNeeded: now.tv_nsec)
        }, wall: { time(nil) })
}
