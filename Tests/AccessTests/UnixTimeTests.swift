import Access
import Testing

@Suite struct UnixTimeTests {
    @Test(arguments: [
        ("1970-01-01", 0), ("2027-01-31", 1_801_353_600), ("2024-02-29", 1_709_164_800),
        ("1969-12-31T23:59:59Z", -1), ("2027-01-31T18:00:00Z", 1_801_418_400),
        ("2027-01-31T18:00:00.999+02:00", 1_801_411_200), ("2027-01-31t18:00:00-00:30", 1_801_420_200),
        ("2000-02-29 00:00:00z", 951_782_400), ("9999-12-31T23:59:59Z", 253_402_300_799),
    ])
    func datesAreRead(text: String, seconds: Int64) {
        #expect(UnixTime(text)?.seconds == seconds)
    }

    @Test(arguments: [
        "", "2027", "2027-1-31", "2027-13-01", "2027-02-30", "2023-02-29", "1900-02-29", "2027-00-10", "2027-01-00",
        "2027-01-31T", "2027-01-31T18:00Z", "2027-01-31T18:00:00", "2027-01-31T24:00:00Z", "2027-01-31T18:00:00.Z",
        "2027-01-31T18:00:00+2", "2027-01-31T18:00:00Zx", "tomorrow", "20270131", "２０２７-01-31", "-027-01-31",
    ])
    func whatIsNoDateIsRefused(text: String) {
        #expect(UnixTime(text) == nil)
    }

    @Test func everyDayOfFourCenturiesComesBack() {
        for day in stride(from: Int64(-80_000), to: 80_000, by: 1) {
            let time = UnixTime(seconds: day * 86_400 + 3_661)
            #expect(UnixTime(time.description) == time)
        }
    }

    @Test func itPrintsAsRFC3339() {
        #expect(UnixTime(seconds: 1_801_418_400).description == "2027-01-31T18:00:00Z")
        #expect((UnixTime(seconds: 0) + .seconds(90)).description == "1970-01-01T00:01:30Z")
    }
}
