import Conversation
import Routing
import Testing

@Suite struct AliasTests {
    @Test(arguments: [
        ("claude-*", "claude-opus-5", true), ("claude-*", "claude-", true), ("claude-*", "claude", false),
        ("*", "", true), ("*", "anything/else", true), ("gpt-4*-mini", "gpt-4o-mini", true),
        ("gpt-4*-mini", "gpt-4-mini", true), ("gpt-4*-mini", "gpt-4mini", false), ("a*b*c", "abbc", true),
        ("a*b*c", "acb", false), ("a*a", "a", false), ("fast", "fast", true), ("fast", "faster", false),
        ("*-latest", "claude-latest", true), ("Claude-*", "claude-x", false),
    ])
    func aPatternMatches(_ pattern: String, _ model: String, _ matches: Bool) {
        #expect(RouteAlias(pattern, route: "r")?.matches(model) == matches)
    }

    @Test func namesGoBeforePatterns() throws {
        let facts = ProviderFacts(name: "p", dialect: .openai, models: .listed(["claude-x"]))
        let candidate = facts.candidate(model: "claude-x")
        let aliases = [try #require(RouteAlias("claude-*", route: "r")), try #require(RouteAlias("p/*", route: "r"))]
        let table = RouteTable(
            providers: [facts],
            routes: [Route(name: "r", candidates: [candidate]), Route(name: "claude-own", candidates: [candidate])],
            aliases: aliases)
        func route(_ name: String) -> String? {
            if case .route(let route) = table.resolve(name) { route.name } else { nil }
        }
        #expect(route("claude-opus-5") == "r" && route("claude-own") == "claude-own" && route("p/unlisted") == "r")
        #expect(table.resolve("p/claude-x") == .direct(candidate))
        #expect(table.resolve("gpt-5") == .unknown(suggestion: nil))
    }

    /// A gate that was led to the route could never bring the model back.
    @Test func anIDFindsItsModelBehindPatternsAndRoutes() throws {
        let open = ProviderFacts(name: "anthropic", dialect: .anthropic, models: .any)
        let closed = ProviderFacts(name: "p", dialect: .openai, models: .listed(["x"]))
        let model = open.candidate(model: "claude-x")
        let table = RouteTable(
            providers: [open, closed],
            routes: [Route(name: "coder", candidates: [model]), Route(name: "anthropic/own", candidates: [model])],
            aliases: [try #require(RouteAlias("*claude-*", route: "coder"))])
        guard case .route(_) = table.resolve("anthropic/claude-x") else {
            Issue.record("the pattern doesn't match, so that this shows nothing")
            return
        }
        #expect(table.candidate("anthropic/claude-x") == model)
        #expect(table.candidate("anthropic/own") == open.candidate(model: "own"))
        #expect(table.candidate("p/x") == closed.candidate(model: "x"))
        for id in ["p/unlisted", "coder", "anthropic/", "nobody/x", ""] { #expect(table.candidate(id) == nil) }
    }
}
