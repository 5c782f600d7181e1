import Encodings

/// A point in time in the form that signatures name it: `20270131T180000Z`.
package struct SigV4Time: Sendable, Hashable {
    /// Since 1970.
    package let seconds: Int
    package let text: String

    /// - Parameter seconds: since 1970, within the years 0 to 9999.
    package init(seconds: Int) {
        self.seconds = seconds
        text = Timestamp.toTheSecond(seconds).filter { $0 != "-" && $0 != ":" } + "Z"
    }

    /// - Returns: nil for anything but 8 digits, `T`, 6 digits and `Z` that
    ///   name a day and a time that there are.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z") else { return nil }
        func number(_ range: Range<Int>) -> Int? {
            var sum = 0
            for byte in bytes[range] {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                sum = sum * 10 + Int(byte - UInt8(ascii: "0"))
            }
            return sum
        }
        guard let year = number(0..<4), let month = number(4..<6), let day = number(6..<8),
            let hour = number(9..<11), let minute = number(11..<13), let second = number(13..<15),
            let time = CivilTime(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
        else { return nil }
        seconds = time.seconds
        self.text = String(text)
    }

    /// The day, in the form that a scope names it: `20270131`.
    package var date: String { String(text.prefix(8)) }
}
