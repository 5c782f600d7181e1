/// A point in calendar time, in whole seconds since 1970 in UTC.
///
/// Access knows no clock and no Foundation: callers pass the time in, and the
/// little calendar that key files need is here.
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
    package var description: String {
        let day = seconds >= 0 ? seconds / 86_400 : -((86_399 - seconds) / 86_400)
        let rest = seconds - day * 86_400
        let (year, month, date) = civil(day: day)
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(date, 2))"
            + "T\(padded(rest / 3600, 2)):\(padded(rest / 60 % 60, 2)):\(padded(rest % 60, 2))Z"
    }

    /// Reads `2027-01-31` (the start of that day in UTC) or RFC 3339 with any
    /// offset, e.g. `2027-01-31T12:00:00+02:00`; parts of a second are cut
    /// off. Nil for anything else, the 30th of February included.
    package init?(_ text: String) {
        var rest = Substring(text)
        guard let year = number(&rest, 4), skip(&rest, "-"), let month = number(&rest, 2), skip(&rest, "-"),
            let date = number(&rest, 2), (1...12).contains(month), date >= 1
        else { return nil }
        let day = dayNumber(year: year, month: month, date: date)
        guard civil(day: day) == (year, month, date) else { return nil }
        seconds = day * 86_400
        if rest.isEmpty { return }
        guard let mark = rest.popFirst(), mark == "T" || mark == "t" || mark == " ",
            let hour = number(&rest, 2), skip(&rest, ":"), let minute = number(&rest, 2), skip(&rest, ":"),
            let second = number(&rest, 2), hour < 24, minute < 60, second <= 60
        else { return nil }
        if skip(&rest, ".") {
            guard number(&rest, 1) != nil else { return nil }
            while number(&rest, 1) != nil {}
        }
        seconds += hour * 3600 + minute * 60 + second
        if rest == "Z" || rest == "z" { return }
        let east: Bool
        switch rest.popFirst() {
        case "+": east = true
        case "-": east = false
        default: return nil
        }
        guard let hours = number(&rest, 2), skip(&rest, ":"), let minutes = number(&rest, 2), rest.isEmpty,
            hours < 24, minutes < 60
        else { return nil }
        seconds -= (east ? 1 : -1) * (hours * 3600 + minutes * 60)
    }
}

private func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

/// Takes exactly `width` digits.
private func number(_ text: inout Substring, _ width: Int) -> Int64? {
    let digits = text.prefix(width)
    guard digits.utf8.count == width, digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    text = text.dropFirst(width)
    return Int64(digits)
}

private func skip(_ text: inout Substring, _ mark: Character) -> Bool {
    guard text.first == mark else { return false }
    text.removeFirst()
    return true
}

/// Days since 1970 to a date, and back: Howard Hinnant's `days_from_civil`
/// and `civil_from_days`, https://howardhinnant.github.io/date_algorithms.html
private func dayNumber(year: Int64, month: Int64, date: Int64) -> Int64 {
    let y = month <= 2 ? year - 1 : year
    let era = (y >= 0 ? y : y - 399) / 400
    let yearOfEra = y - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + date - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
}

private func civil(day: Int64) -> (year: Int64, month: Int64, date: Int64) {
    let z = day + 719_468
    let era = (z >= 0 ? z : z - 146_096) / 146_097
    let dayOfEra = z - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
}
