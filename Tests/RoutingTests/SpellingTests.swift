import Routing
import Testing

@Suite struct SpellingTests {
    @Test(arguments: [
        ("provders", "providers"), ("lisen", "listen"), ("base-url", "base_url"), ("baseurl", "base_url"),
        ("APIKEY", "api_key"), ("ruotes", "routes"), ("rouets", "routes"),
    ])
    func slipsAreRecognised(written: String, meant: String) {
        let keys = ["listen", "providers", "routes", "base_url", "api_key"]
        #expect(Spelling.closest(to: written, among: keys) == meant)
    }

    @Test(arguments: ["", "x", "timeout", "completely-different", String(repeating: "routes", count: 40)])
    func whatIsNotNearGetsNoSuggestion(written: String) {
        #expect(Spelling.closest(to: written, among: ["listen", "providers", "routes"]) == nil)
    }

    @Test func theNearestWinsAndThenTheFirst() {
        #expect(Spelling.closest(to: "rout", among: ["route", "routes"]) == "route")
        #expect(Spelling.closest(to: "aa", among: ["ab", "ac"]) == "ab")
    }
}
