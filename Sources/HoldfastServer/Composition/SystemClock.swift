package import Access
import Glibc

extension UnixTime {
    /// The time by the system's clock, for the edges of the program: code
    /// below them is passed the time.
    package static var now: UnixTime { UnixTime(seconds: Int64(time(nil))) }
}
