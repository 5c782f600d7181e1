/// Points in time as RFC 3339 writes them, in UTC.
package enum Timestamp {
    /// - Parameter seconds: since 1970; held within the years 0 to 9999, which
    ///   are what RFC 3339 can say.
    package static func text(seconds: Int) -> String { "\(toTheSecond(seconds))Z" }

    /// Returns a time with three digits for the fraction of the second.
    /// - Parameter milliseconds: since 1970.
    package static func text(milliseconds: Int) -> String {
        let (seconds, rest) = milliseconds.flooredQuotientAndRemainder(1000)
        let digits = String(rest)
        return "\(toTheSecond(seconds)).\(String(repeating: "0", count: 3 - digits.utf8.count))\(digits)Z"
    }

    /// `2027-01-31T18:00:00`, without a zone.
    package static func toTheSecond(_ seconds: Int) -> String {
        let time = CivilTime(seconds: min(max(seconds, -62_167_219_200), 253_402_300_799))
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let digits = String(time.year)
        let year = String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
        return "\(year)-\(two(time.month))-\(two(time.day))T\(two(time.hour)):\(two(time.minute)):\(two(time.second))"
    }

    /// The seconds since 1970 of `2027-01-31` (the start of that day in UTC)
    /// or of RFC 3339 with any offset, e.g. `2027-01-31T12:00:00+02:00`; parts
    /// of a second are cut off. Nil for anything else, the 30th of February
    /// included.
    package static func seconds(_ text: String) -> Int? {
        var rest = Substring(text)
        guard let year = number(&rest, 4), skip(&rest, "-"), let month = number(&rest, 2), skip(&rest, "-"),
            let day = number(&rest, 2), var time = CivilTime(year: year, month: month, day: day)
        else { return nil }
        if rest.isEmpty { return time.seconds }
        guard let mark = rest.popFirst(), mark == "T" || mark == "t" || mark == " ",
            let hour = number(&rest, 2), skip(&rest, ":"), let minute = number(&rest, 2), skip(&rest, ":"),
            let second = number(&rest, 2), hour < 24, minute < 60, second <= 60
        else { return nil }
        (time.hour, time.minute, time.second) = (hour, minute, second)
        if skip(&rest, ".") {
            guard number(&rest, 1) != nil else { return nil }
            while number(&rest, 1) != nil {}
        }
        if rest == "Z" || rest == "z" { return time.seconds }
        let east: Bool
        switch rest.popFirst() {
        case "+": east = true
        case "-": east = false
        default: return nil
        }
        guard let hours = number(&rest, 2), skip(&rest, ":"), let minutes = number(&rest, 2), rest.isEmpty,
            hours < 24, minutes < 60
        else { return nil }
        return time.seconds - (east ? 1 : -1) * (hours * 3600 + minutes * 60)
    }

    /// Takes exactly `width` digits.
    private static func number(_ text: inout Substring, _ width: Int) -> Int? {
        let digits = text.prefix(width)
        guard digits.utf8.count == width, digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        text = text.dropFirst(width)
        return Int(digits)
    }

    private static func skip(_ text: inout Substring, _ mark: Character) -> Bool {
        guard text.first == mark else { return false }
        text.removeFirst()
        return true
    }
}
