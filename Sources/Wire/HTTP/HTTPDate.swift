import Encodings

/// An HTTP date (RFC 9110 §5.6.7, the preferred form alone).
package enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

    /// - Returns: seconds since 1970.
    package static func seconds(_ text: String) -> Int? {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let day = Int(parts[1]),
            let month = months.firstIndex(of: String(parts[2])), let year = Int(parts[3]), (1970...9999).contains(year)
        else { return nil }
        let clock = parts[4].split(separator: ":").compactMap { Int($0) }
        guard clock.count == 3 else { return nil }
        return CivilTime(
            year: year, month: month + 1, day: day, hour: clock[0], minute: clock[1], second: clock[2])?.seconds
    }

    /// - Parameter seconds: since 1970; held within the years 0 to 9999, which
    ///   are what the form can say.
    package static func text(_ seconds: Int) -> String {
        let time = CivilTime(seconds: min(max(seconds, -62_167_219_200), 253_402_300_799))
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
        let digits = String(time.year)
        let year = String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
        return "\(weekdays[time.weekday]), \(two(time.day)) \(months[time.month - 1]) \(year) "
            + "\(two(time.hour)):\(two(time.minute)):\(two(time.second)) GMT"
    }
}
