import Glibc

/// The clock that nobody can set: CLOCK_BOOTTIME (clock_gettime(2)).
enum BootClock {
    /// Nanoseconds since the machine started, also while it slept.
    static var now: UInt64 {
        var now = timespec()
        guard clock_gettime(clockid_t(CLOCK_BOOTTIME), &now) == 0 else { return 0 }
        return UInt64(max(0, now.tv_sec)) &* 1_000_000_000 &+ UInt64(max(0, now.tv_nsec))
    }
}
