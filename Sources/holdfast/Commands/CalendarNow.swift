import Access
import Glibc

extension UnixTime {
    /// The time by the system's clock, for the edges of the program: what is
    /// below them is passed the time.
    static var now: UnixTime { UnixTime(seconds: Int64(time(nil))) }
}
