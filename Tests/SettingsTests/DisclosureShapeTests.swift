import Settings
import Testing

/// Tests of the settings of a hosted model's disclosures.
@Suite struct DisclosureShapeTests {
    private static func engine(_ more: String) -> String {
        "providers: {e: {dialect: engine, model_file: m.gguf\(more)}}"
    }

    private static func engine(reading more: String) throws -> EngineProvider {
        let settings = try #require(read(engine(more)).settings)
        guard case .engine(let engine) = try #require(settings.providers.first).kind else {
            throw Missing()
        }
        return engine
    }

    private struct Missing: Error {}

    @Test func aTenthOfTheWeightsADayUnlessSomebodySaysSo() throws {
        #expect(try Self.engine(reading: "").egress == .part(0.1))
        #expect(try Self.engine(reading: ", egress: {per_day: 2GiB}").egress == .bytes(2 << 30))
        #expect(try Self.engine(reading: ", egress: {per_day: 2.5%}").egress == .part(0.025))
        #expect(try Self.engine(reading: ", egress: {per_day: off}").egress == .unlimited)
    }

    @Test func aTenantsShareIsAtLeastAKeys() throws {
        #expect(try Self.engine(reading: "").logprobShares == LogprobShares())
        var shares = LogprobShares()
        (shares.perKey, shares.perTenant) = (0.2, 0.2)
        #expect(try Self.engine(reading: ", logprobs: {per_key: 20%}").logprobShares == shares)
        (shares.perKey, shares.perTenant) = (0.001, 0.3)
        #expect(try Self.engine(reading: ", logprobs: {per_key: 0.1%, per_tenant: 30%}").logprobShares == shares)
    }

    @Test(
        arguments: [
            (", egress: {per_day: 0}", "must be a size such as 2GiB, a part of the weights' size such as 10%, or off"),
            (", egress: {per_day: 200%}", "must be a size such as 2GiB"),
            (", egress: {per_day: -5MB}", "must be a size such as 2GiB"),
            (", egress: {per_month: 5MB}", "unknown key \"per_month\""),
            (", logprobs: {per_key: 5}", "must be a part of what recovering the last layer takes, such as 5%"),
            (", logprobs: {per_key: 10%, per_tenant: 5%}", "is less than per_key"),
        ]) func whatCannotBeMeantIsRefused(_ more: String, _ words: String)
    {
        let problems = problems(Self.engine(more))
        #expect(problems.count == 1 && problems[0].contains(words), "\(problems)")
    }

    @Test func somebodyElsesModelHasNoSuchKeys() {
        let problems = problems("providers: {p: {dialect: openai, base_url: https://x, egress: {per_day: 1MB}}}")
        #expect(problems.count == 1 && problems[0].contains("egress"), "\(problems)")
    }
}
