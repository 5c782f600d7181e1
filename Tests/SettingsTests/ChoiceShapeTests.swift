import Routing
import Settings
import Testing

/// `allow`, `forbid` and `tls.minimum`.
@Suite struct ChoiceShapeTests {
    private static func provider(_ more: String) -> String {
        "providers: {p: {dialect: openai, base_url: https://x\(more.isEmpty ? "" : ", " + more)}}"
    }

    private func remote(_ more: String) throws -> RemoteProvider {
        let settings = try #require(read(Self.provider(more)).settings)
        guard case .remote(let remote)? = settings.providers.first?.kind else {
            throw Missing()
        }
        return remote
    }

    private struct Missing: Error {}

    @Test func nothingIsAllowedByDefault() throws {
        #expect(try remote("").choices == [])
        #expect(try remote("").minimumTLS == .v12)
    }

    @Test func whatIsNamedIsAllowed() throws {
        let remote = try remote(
            "allow: [openai-organization, openai-project, query, models, provider, route, inference_geo, projectIdentifier], tls: {minimum: 1.3}"
        )
        #expect(
            remote.choices
                == [.organization, .project, .query, .models, .provider, .route, .inferenceGeo, .projectIdentifier])
        #expect(remote.minimumTLS == .v13)
        #expect(try self.remote("allow: query").choices == .query)
    }

    @Test func aRouteMayForbid() throws {
        let text =
            Self.provider("")
            + "\nroutes: {r: {candidates: [{provider: p, model: m}], forbid: [service_tier, of_next_year]}}"
        #expect(read(text).settings?.routes.first?.policy.forbidden == ["service_tier", "of_next_year"])
    }

    @Test(arguments: [
        (provider("allow: [openai-projct]"), "has no \"openai-projct\"; did you mean \"openai-project\"?"),
        (provider("allow: [everything]"), "they are openai-organization, openai-project, query, models"),
        (provider("allow: {query: true}"), "must be a list"),
        (provider("tls: {minimum: 1.1}"), "providers.p.tls.minimum must be 1.2 or 1.3, not \"1.1\""),
        (provider("tls: {minimun: 1.2}"), "did you mean \"minimum\"?"),
        (provider("headers: {X-A: b, x-a: c}"), "has \"x-a\" twice"),
        ("tls: {cert: a, key: b, minimum: 1.0}", "tls.minimum must be 1.2 or 1.3"),
        (
            provider("") + "\nroutes: {r: {candidates: [{provider: p, model: m}], forbid: [servce_tier]}}",
            "did you mean \"service_tier\"?"
        ),
        (
            provider("") + "\nroutes: {r: {candidates: [{provider: p, model: m}], forbid: [model]}}",
            "requests need it"
        ),
    ])
    func whatIsWrongIsSaid(_ text: String, _ words: String) {
        #expect(problems(text).contains { $0.contains(words) }, "\(problems(text))")
        #expect(read(text).settings == nil || text.hasPrefix("tls"))
    }
}
