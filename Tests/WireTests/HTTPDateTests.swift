import Testing
import Wire

@Suite struct HTTPDateTests {
    @Test(arguments: [
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
        ("Tue, 29 Feb 2028 23:59:59 GMT", 1_835_481_599), ("Fri, 12 Jun 2026 00:00:00 GMT", 1_781_222_400),
        ("Thu, 31 Dec 2099 12:00:00 GMT", 4_102_401_600),
    ])
    func aDateReadsAsItIsWritten(text: String, seconds: Int) {
        #expect(HTTPDate.seconds(text) == seconds && HTTPDate.text(seconds) == text)
    }

    @Test func everyDayIsWrittenAndRead() {
        for day in stride(from: 0, to: 60_000, by: 7) {
            let seconds = day * 86_400 + day % 86_400
            #expect(HTTPDate.seconds(HTTPDate.text(seconds)) == seconds)
        }
    }
}
