/// A date and a time of day in UTC, in the proleptic Gregorian calendar: the
/// one calendar of all modules.
///
/// Days since 1970 to a date, and back, are Howard Hinnant's
/// `days_from_civil` and `civil_from_days`:
/// https://howardhinnant.github.io/date_algorithms.html
package struct CivilTime: Sendable, Hashable {
    /// Astronomical: 0 is the year before 1.
    package var year: Int
    /// From 1 on, as the day.
    package var month: Int
    package var day: Int
    package var hour: Int
    package var minute: Int
    package var second: Int

    private static let secondsOfDay = 86_400
    /// 400 years.
    private static let daysOfEra = 146_097
    /// From 0000-03-01, where an era begins, to 1970-01-01.
    private static let daysBefore1970 = 719_468

    /// - Parameter seconds: since 1970, leap seconds not counted; any number.
    package init(seconds: Int) {
        let (days, time) = seconds.flooredQuotientAndRemainder(Self.secondsOfDay)
        let (era, dayOfEra) = (days + Self.daysBefore1970).flooredQuotientAndRemainder(Self.daysOfEra)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        // From the 1st of March on, so that a leap day ends a year.
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60)
    }

    /// A date by its parts; nil where there is no such day or time. A leap
    /// second, 60, is one.
    /// - Parameter year: from -999,999 to 999,999.
    package init?(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        guard abs(year) <= 999_999, (1...12).contains(month), (1...Self.days(in: month, of: year)).contains(day),
            (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        (self.year, self.month, self.day) = (year, month, day)
        (self.hour, self.minute, self.second) = (hour, minute, second)
    }

    /// Seconds since 1970; a leap second counts as the one after it.
    package var seconds: Int {
        // The first day that `Int` knows begins before its first second.
        days &* Self.secondsOfDay &+ (hour * 3600 + minute * 60 + second)
    }

    /// From 0, a Sunday, to 6.
    package var weekday: Int {
        // The first of January 1970 was a Thursday.
        (days + 4).flooredQuotientAndRemainder(7).1
    }

    /// Days since 1970.
    private var days: Int {
        let marchYear = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = marchYear.flooredQuotientAndRemainder(400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * Self.daysOfEra + dayOfEra - Self.daysBefore1970
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension Int {
    /// Division that rounds down, also below zero.
    func flooredQuotientAndRemainder(_ divisor: Int) -> (Int, Int) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
