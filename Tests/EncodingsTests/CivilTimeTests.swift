import Encodings
import Glibc
import Seeded
import Testing

@Suite struct CivilTimeTests {
    /// The result of the C library for the same time.
    private func reference(_ seconds: Int) -> (CivilTime, weekday: Int)? {
        var seconds = seconds
        var parts = tm()
        guard gmtime_r(&seconds, &parts) != nil else { return nil }
        let time = CivilTime(
            year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday),
            hour: Int(parts.tm_hour), minute: Int(parts.tm_min), second: Int(parts.tm_sec))
        return time.map { ($0, Int(parts.tm_wday)) }
    }

    private func isTheSame(_ seconds: Int) -> Bool {
        guard let (time, weekday) = reference(seconds) else { return false }
        let ours = CivilTime(seconds: seconds)
        return ours == time && ours.weekday == weekday && ours.seconds == seconds
    }

    @Test(arguments: [1, 2, 3])
    func itAgreesWithTheCLibrary(seed: UInt64) {
        var random = SplitMix(seed: seed)
        // The years -999,999 to 999,999, and closer to our own ones.
        for width in [31_000_000_000_000, 100_000_000_000, 4_000_000_000] {
            for _ in 0..<20_000 {
                let seconds = Int.random(in: -width...width, using: &random)
                guard isTheSame(seconds) else {
                    Issue.record("\(seconds): \(CivilTime(seconds: seconds))")
                    return
                }
            }
        }
    }

    @Test func everyDayOfLeapYearsAndCenturiesAgrees() {
        for year in [
            -400, -1, 0, 1, 4, 100, 400, 1600, 1700, 1900, 1969, 1970, 1972, 2000, 2023, 2024, 2100, 9999, 10_000,
        ] {
            guard let start = CivilTime(year: year, month: 1, day: 1)?.seconds else {
                Issue.record("no year \(year)")
                return
            }
            for day in 0...366 {
                for second in [0, 1, 86_399] {
                    #expect(isTheSame(start + day * 86_400 + second), "\(year), day \(day)")
                }
            }
        }
    }

    @Test(arguments: [Int.min, Int.min + 1, -1, 0, 1, Int.max - 1, Int.max])
    func anyNumberOfSecondsComesBack(seconds: Int) {
        let time = CivilTime(seconds: seconds)
        #expect(time.seconds == seconds)
        #expect((1...12).contains(time.month) && (1...31).contains(time.day) && (0...6).contains(time.weekday))
    }

    @Test(arguments: [
        (2023, 2, 29, true), (2024, 2, 29, false), (1900, 2, 29, true), (2000, 2, 29, false), (2026, 4, 31, true),
        (2026, 12, 31, false), (2026, 0, 1, true), (2026, 13, 1, true), (2026, 1, 0, true), (2026, 1, 32, true),
        (1_000_000, 1, 1, true), (-999_999, 1, 1, false),
    ])
    func aDayThatIsNotThereIsNone(year: Int, month: Int, day: Int, isNone: Bool) {
        #expect((CivilTime(year: year, month: month, day: day) == nil) == isNone)
    }

    @Test func timestampsStayWithinFourDigits() {
        #expect(Timestamp.text(seconds: .max) == "9999-12-31T23:59:59Z")
        #expect(Timestamp.text(seconds: .min) == "0000-01-01T00:00:00Z")
        #expect(Timestamp.text(milliseconds: -1) == "1969-12-31T23:59:59.999Z")
    }

    @Test func everyTimestampIsReadAgain() {
        var random = SplitMix(seed: 4)
        for _ in 0..<5_000 {
            let seconds = Int.random(in: -62_167_219_200...253_402_300_799, using: &random)
            #expect(Timestamp.seconds(Timestamp.text(seconds: seconds)) == seconds)
        }
    }
}
