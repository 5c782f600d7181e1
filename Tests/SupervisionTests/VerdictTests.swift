import Supervision
import Testing

@Suite struct VerdictTests {
    @Test("an error is stricter than any ruling, and never an allowance")
    func anErrorIsTheStrictestRuling() {
        #expect(Verdict.Ruling.allCases.max() == .error)
        #expect(Verdict.Ruling.allow < .flag && Verdict.Ruling.withhold < .block)
    }
}
