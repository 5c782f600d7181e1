/// Points in time as RFC 3339 writes them, in UTC.
package enum Timestamp {
    /// - Parameter seconds: since 1970; held within the years 0 to 9999, which
    ///   are what RFC 3339 can say.
    package static func text(seconds: Int) -> String { "\(toTheSecond(seconds))Z" }

    /// With three digits of the second.
    /// - Parameter milliseconds: since 1970.
    package static func text(milliseconds: Int) -> String {
        let (seconds, rest) = milliseconds.flooredQuotientAndRemainder(1000)
        let digits = String(rest)
        return "\(toTheSecond(seconds)).\(String(repeating: "0", count: 3 - digits.utf8.count))\(digits)Z"
    }

    /// Dates as days since 1970 in the proleptic Gregorian calendar:
    /// https://howardhinnant.github.io/date_algorithms.html
    private static func toTheSecond(_ seconds: Int) -> String {
        let seconds = min(max(seconds, -62_167_219_200), 253_402_300_799)
        let (day, time) = seconds.flooredQuotientAndRemainder(86_400)
        let shifted = day + 719_468
        let (era, dayOfEra) = shifted.flooredQuotientAndRemainder(146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let digits = String(year)
        let paddedYear = String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
        return
            "\(paddedYear)-\(two(month))-\(two(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1))"
            + "T\(two(time / 3600)):\(two(time / 60 % 60)):\(two(time % 60))"
    }
}

extension Int {
    /// Division that rounds down, also below zero.
    fileprivate func flooredQuotientAndRemainder(_ divisor: Int) -> (Int, Int) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
