import Conversation
import Routing
import Testing

/// Models by Amazon Resource Names.
@Suite struct ResourceNameTests {
    private let table = RouteTable(
        providers: [ProviderFacts(name: "oa", dialect: .openai, models: .listed(["m"]))],
        routes: [
            Route(name: "talk", candidates: [Candidate(provider: "oa", model: "m", dialect: .openai)]),
            Route(name: "arned", candidates: [Candidate(provider: "oa", model: "m", dialect: .openai)]),
        ],
        aliases: [
            RouteAlias("us.anthropic.claude-*", route: "talk")!,
            RouteAlias("arn:aws:bedrock:*:123456789012:application-inference-profile/*", route: "arned")!,
        ])

    private func route(_ name: String) -> String? {
        if case .route(let route) = table.resolve(name) { route.name } else { nil }
    }

    @Test(arguments: [
        "arn:aws:bedrock:holdfast::foundation-model/talk", "arn:aws:bedrock:eu-west-1:1:inference-profile/talk",
        "arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/us.anthropic.claude-opus-4-v1:0",
        "us.anthropic.claude-opus-4-v1:0",
    ])
    func anARNMeansWhatItsResourceMeans(_ name: String) { #expect(route(name) == "talk") }

    @Test func aNameOfTheSettingsComesFirst() {
        #expect(route("arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc123") == "arned")
        #expect(route("arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/talk") == "arned")
    }

    @Test func aListedModelMayBeNamedByItsARN() {
        guard case .direct(let candidate) = table.resolve("arn:aws:bedrock:holdfast::foundation-model/oa/m") else {
            return #expect(Bool(false))
        }
        #expect(candidate.id == "oa/m")
    }

    @Test(arguments: [
        "arn:", "arn:aws:bedrock:x:y:talk", "arn:aws:bedrock:x:y:foundation-model/", "arn:a:b:c:talk",
        "arn:a:b:c:d:e/arn:a:b:c:d:e/talk", "ARN:aws:bedrock:x::foundation-model/talk",
        "arn:aws:bedrock:x::foundation-model/none",
    ])
    func whatIsNoARNOfOursIsUnknown(_ name: String) {
        guard case .unknown = table.resolve(name) else { return #expect(Bool(false), "\(table.resolve(name))") }
    }
}
