import Testing
import Veto

@Suite struct SuspendedScopeTests {
    @Test(arguments: [
        "model:openai/gpt-4o", "model:local/org/name", "weights:smollm2@3", "weights:a@b@0", "lab:anthropic",
        "host:aws", "region:us", "route:assistant", "key:team-a",
    ])
    func aScopeIsReadAsItIsWritten(_ text: String) {
        #expect(SuspendedScope(text)?.text == text)
    }

    @Test(arguments: [
        "", ":", "model", "model:", "model:gpt-4o", "weights:a", "weights:@1", "weights:a@", "weights:a@-1",
        "weights:a@99999999999999999999", "Model:a/b", "lab:", "lab:a b", "lab:a\u{0}", "planet:earth",
        "lab:" + String(repeating: "a", count: 400),
    ])
    func whatIsNoScopeIsRefused(_ text: String) {
        #expect(SuspendedScope(text) == nil)
    }

    @Test func aScopeCoversWhatItNamesAndNothingElse() {
        let hosted = SuspensionSubject(
            id: "local/smollm2", lab: "hf", host: "self", region: "eu", weights: "smollm2", epoch: 3)
        let other = SuspensionSubject(id: "openai/gpt", lab: "openai", host: "azure", region: "us")
        for text in [
            "model:local/smollm2", "weights:smollm2@3", "weights:smollm2@4", "lab:hf", "host:self", "region:eu",
        ] {
            #expect(SuspendedScope(text)?.covers(hosted) == true, "\(text)")
            #expect(SuspendedScope(text)?.covers(other) == false, "\(text)")
        }
        #expect(SuspendedScope("weights:smollm2@2")?.covers(hosted) == false)
        for text in ["route:a", "key:k"] { #expect(SuspendedScope(text)?.covers(hosted) == false) }
        #expect(SuspendedScope("route:a")?.covers(key: "k", route: "a") == true)
        #expect(SuspendedScope("route:a")?.covers(key: "k", route: nil) == false)
        #expect(SuspendedScope("key:k")?.covers(key: "k", route: nil) == true)
    }
}
