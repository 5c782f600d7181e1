import Testing
import Wire

@Suite struct RetryAfterFieldTests {
    @Test(arguments: [
        ("0", "0"), ("7", "7"), ("1.2", "2"), ("0.001", "1"), ("3.0", "3"), ("Thu, 01 Jan 1970 00:01:10 GMT", "60"),
        ("Thu, 01 Jan 1970 00:00:05 GMT", "0"), ("soon", "soon"), ("-1", "-1"), ("", ""), ("nan", "nan"),
        ("inf", "inf"),
        ("1e30", "1e30"),
    ])
    func aWaitIsWholeSeconds(_ text: String, _ expected: String) {
        #expect(RetryAfterField.wholeSeconds(text, now: 10) == expected)
    }
}
