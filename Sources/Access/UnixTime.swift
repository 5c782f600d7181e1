import Encodings

/// A point in calendar time, in whole seconds since 1970 in UTC.
///
/// Access knows no clock: callers pass the time in.
package struct UnixTime: Sendable, Hashable, Comparable {
    /// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    package var seconds: Int64

    /// A time by its seconds since 1970.
    package init(seconds: Int64) { self.seconds = seconds }

    /// Earlier is less.
    package static func < (left: UnixTime, right: UnixTime) -> Bool { left.seconds < right.seconds }

    /// This much later; parts of a second are cut off.
    package static func + (time: UnixTime, duration: Duration) -> UnixTime {
        UnixTime(seconds: time.seconds + duration.components.seconds)
    }
}

extension UnixTime: CustomStringConvertible {
    /// RFC 3339 in UTC, e.g. `2027-01-31T00:00:00Z`.
    package var description: String { Timestamp.text(seconds: Int(seconds)) }

    /// Reads a date or a time, see `Timestamp.seconds(_:)`.
    package init?(_ text: String) {
        guard let seconds = Timestamp.seconds(text) else { return nil }
        self.seconds = Int64(seconds)
    }
}
