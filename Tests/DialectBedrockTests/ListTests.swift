import Conversation
import DialectBedrock
import Testing
import Wire

/// `GET /foundation-models`, `GET /inference-profiles`, and single entries of them.
@Suite struct ListTests {
    private static let now = 1_800_000_000
    private var models: [ListedModel] {
        var dated = ListedModel(id: "old")
        (dated.lab, dated.deprecated, dated.retires) = ("anthropic", Self.now - 1, Self.now + 86_400)
        var announced = ListedModel(id: "announced")
        announced.retires = Self.now + 1
        var later = ListedModel(id: "later")
        (later.deprecated, later.retires, later.takesImages) = (Self.now + 1, Self.now + 2, true)
        return [ListedModel(id: "talk"), dated, announced, later, ListedModel(id: "oa/gpt-5", provider: "oa")]
    }

    private func ask(_ address: String, _ model: String? = nil, query: String = "") throws -> JSONView {
        let body = try ConverseDialect().encodeCatalogue(
            CatalogueRequest(address: address, model: model, query: query, now: Self.now), models)
        return try JSONDocument(body).root
    }

    private func ids(_ query: String = "") throws -> [String] {
        try #require(ask("/foundation-models", query: query)["modelSummaries"]).elements.compactMap {
            $0["modelId"]?.string
        }
    }

    private func profiles(_ query: String = "") throws -> (ids: [String], next: String?) {
        let root = try ask("/inference-profiles", query: query)
        let list = try #require(root["inferenceProfileSummaries"]).elements
        return (list.compactMap { $0["inferenceProfileId"]?.string }, root["nextToken"]?.string)
    }

    @Test func theAddressesAreBedrocks() {
        #expect(
            ConverseDialect().catalogueAddresses.map(\.pattern) == [
                "/foundation-models", "/foundation-models/{model}", "/inference-profiles",
                "/inference-profiles/{model}",
            ])
    }

    @Test func allModelsAreListed() throws {
        #expect(try ids() == ["talk", "old", "announced", "later", "oa/gpt-5"])
        #expect(try profiles().ids == ["talk", "old", "announced", "later"])
    }

    @Test(
        "the lifecycle tells what is known",
        arguments: [
            ("talk", "ACTIVE", nil, nil), ("old", "LEGACY", "2027-01-15T07:59:59Z", "2027-01-16T08:00:00Z"),
            ("announced", "LEGACY", nil, "2027-01-15T08:00:01Z"),
            ("later", "ACTIVE", "2027-01-15T08:00:01Z", "2027-01-15T08:00:02Z"),
        ] as [(String, String, String?, String?)])
    func lifecycle(_ model: String, _ status: String, _ legacy: String?, _ end: String?) throws {
        let details = try #require(try ask("/foundation-models/{model}", model)["modelDetails"])
        let lifecycle = try #require(details["modelLifecycle"])
        #expect(details["modelId"]?.string == model)
        #expect(lifecycle["status"]?.string == status)
        #expect(lifecycle["legacyTime"]?.string == legacy && lifecycle["endOfLifeTime"]?.string == end)
    }

    @Test func aModelIsFoundByTheARNThatTheListGives() throws {
        for id in try ids() {
            let arn = try #require(try ask("/foundation-models/{model}", id)["modelDetails"]?["modelArn"]?.string)
            #expect(try ask("/foundation-models/{model}", arn)["modelDetails"]?["modelId"]?.string == id)
        }
        let profile = try ask("/inference-profiles/{model}", "talk")
        let arn = try #require(profile["inferenceProfileArn"]?.string)
        #expect(try ask("/inference-profiles/{model}", arn)["inferenceProfileId"]?.string == "talk")
        #expect(profile["models"].map { Array($0.elements).count } == 1 && profile["status"]?.string == "ACTIVE")
    }

    @Test(arguments: [
        ("/foundation-models/{model}", "none"), ("/foundation-models/{model}", ""),
        ("/inference-profiles/{model}", "oa/gpt-5"), ("/inference-profiles/{model}", "arn:x"),
    ])
    func whatIsNotThereIsNotFound(_ address: String, _ model: String) {
        let problem = #expect(throws: APIProblem.self) { try self.ask(address, model) }
        #expect(problem?.kind == .notFound && problem?.message.contains("none") == false)
    }

    @Test(arguments: [
        ("byProvider=anthropic", ["old"]), ("byProvider=ANTHROPIC", ["old"]), ("byProvider=oa", ["oa/gpt-5"]),
        ("byProvider=none", []), ("byOutputModality=IMAGE", []), ("byInferenceType=PROVISIONED", []),
        ("byCustomizationType=FINE_TUNING", []), ("byProvider=Holdfast", ["talk", "announced", "later"]),
        ("byOutputModality=TEXT&byInferenceType=ON_DEMAND&other=x", ["talk", "old", "announced", "later", "oa/gpt-5"]),
    ])
    func filtersAreHeeded(_ query: String, _ expected: [String]) throws { #expect(try ids(query) == expected) }

    @Test(arguments: [
        ("/foundation-models", "byOutputModality=SMELL", "byOutputModality"),
        ("/foundation-models", "byInferenceType=", "byInferenceType"),
        ("/inference-profiles", "type=OTHER", "type"), ("/inference-profiles", "maxResults=0", "maxResults"),
        ("/inference-profiles", "maxResults=1001", "maxResults"), ("/inference-profiles", "maxResults=x", "maxResults"),
        ("/inference-profiles", "nextToken=gone", "nextToken"),
    ])
    func aQueryThatCannotBeAnsweredIsRefused(_ address: String, _ query: String, _ field: String) {
        let problem = #expect(throws: APIProblem.self) { try self.ask(address, query: query) }
        #expect(problem?.kind == .invalidRequest && problem?.field == field)
    }

    @Test func pagesFollowOneAnother() throws {
        var seen: [String] = []
        var query = "maxResults=2&type=SYSTEM_DEFINED"
        while true {
            let page = try profiles(query)
            #expect(page.ids.count <= 2)
            seen += page.ids
            guard let next = page.next else { break }
            query = "maxResults=2&nextToken=\(next)"
        }
        #expect(try seen == profiles().ids)
        #expect(try profiles("type=APPLICATION").ids.isEmpty)
    }
}
