package import Access
import Glibc

/// The system's clock, for the edges of the program: code below them is
/// passed the time, or a clock of which it knows no more.
package enum SystemClock {
    /// Seconds since 1970.
    package static func seconds() -> Int { time(nil) }

    /// Microseconds since 1970.
    package static func microseconds() -> Int {
        var clock = timespec()
        clock_gettime(CLOCK_REALTIME, &clock)
        return clock.tv_sec * 1_000_000 + clock.tv_nsec / 1000
    }
}

extension UnixTime {
    /// The time by the system's clock.
    package static var now: UnixTime { UnixTime(seconds: Int64(SystemClock.seconds())) }
}
