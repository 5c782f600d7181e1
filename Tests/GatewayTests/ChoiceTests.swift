import Access
import Conversation
import DialectOpenAI
import Gateway
import GatewayTesting
import NIOCore
import Routing
import Testing
import Wire

/// The operator, and not the caller, chooses the account that pays and the
/// provider that serves.
@Suite struct ChoiceTests {
    static let members = ["models", "provider", "route", "inference_geo", "projectIdentifier"]

    @Test(arguments: members + ["MODELS", "Provider", "r\\u006fute", "model\u{17F}"])
    func aMemberThatChoosesIsRefusedByName(_ member: String) async {
        for (speech, route) in [(Speech.openai, "to-oa"), (.anthropic, "to-an")] {
            let trio = Trio(.json(Sample.reply(String(route.suffix(2)))))
            let reply = await trio.serve(speech.request(route, extra: ",\"\(member)\":[\"x\"]"), speech)
            #expect(reply.status == 400)
            #expect(reply.text.contains("allow: ["), "\(reply.text)")
            #expect(trio.lane(String(route.suffix(2))).requests.value.isEmpty)
        }
    }

    @Test(arguments: members)
    func anAllowedMemberPasses(_ member: String) async {
        let choice = CallerChoices.names.first { $0.key == member }!.value
        let trio = Trio(.json(Sample.openaiReply), choices: choice)
        let body = Speech.openai.request("to-oa", extra: ",\"\(member)\":[\"x\"]")
        #expect(await trio.serve(body).status == 200)
        #expect(trio.openai.requests.value.first.map { String(buffer: $0.body) }?.contains(member) == true)
        for other in Self.members where other != member {
            #expect(await trio.serve(Speech.openai.request("to-oa", extra: ",\"\(other)\":1")).status == 400)
        }
    }

    @Test func anotherCandidateServesWhereItMay() async {
        let facts = ["oa", "open"].map { ProviderFacts(name: $0, dialect: .openai) }
        let lanes = facts.map { _ in ReplayLane(.json(Sample.openaiReply)) }
        let providers = zip(facts, lanes).map { facts, lane in
            Provider(
                name: facts.name, dialect: Speech.openai.dialect, lane: lane,
                embeddings: .served(OpenAIDialect(now: { 0 })),
                choices: facts.name == "open" ? .models : [])
        }
        let route = Route(name: "both", candidates: facts.map { $0.candidate(model: "m") })
        let house = TestGateway(providers: providers, facts: facts, routes: [route])
        let call = house.call(
            Speech.openai.request("both", extra: ",\"models\":[\"a\"]"), door: Speech.openai.dialect)
        #expect(await house.serve(call)["x-holdfast-served-by"] == "open/m")
        #expect(lanes[0].requests.value.isEmpty)
    }

    @Test func fieldsAndQueryAreLeftBehind_andSaid() async throws {
        let fields = HTTPFieldList(["openai-organization": "org-x", "openai-project": "proj-x", "openai-beta": "b"])
        let trio = Trio(.json(Sample.openaiReply))
        let reply = await trio.serve(Speech.openai.request("to-oa"), fields: fields, query: "key=mine&a=b")
        #expect(reply.status == 200)
        #expect(reply["x-holdfast-dropped"] == "openai-organization, openai-project, query")
        let request = try #require(trio.openai.requests.value.first)
        #expect(request.path == "/chat/completions")
        #expect(request.fields.fields.map(\.name) == ["openai-beta"])
    }

    @Test func whatTheSettingsAllowPasses_butForWhatTheyPin() async throws {
        let fields = HTTPFieldList(["openai-organization": "org-x", "openai-project": "proj-x", "openai-beta": "b"])
        let trio = Trio(
            .json(Sample.openaiReply), choices: [.organization, .project, .query],
            pinned: ["openai-project", "openai-beta"])
        let reply = await trio.serve(Speech.openai.request("to-oa"), fields: fields, query: "a=b")
        #expect(reply["x-holdfast-dropped"] == "openai-project, openai-beta")
        let request = try #require(trio.openai.requests.value.first)
        #expect(request.path == "/chat/completions?a=b")
        #expect(request.fields.fields.map(\.name) == ["openai-organization"])
    }

    @Test(arguments: ["Model", "MODEL", "Stream", "Max_Tokens", "max_to\u{212A}ens"])
    func namesThatDifferByCaseOnlyAreRefused(_ name: String) async {
        let trio = Trio(.json(Sample.openaiReply))
        let reply = await trio.serve(
            Speech.openai.request("to-oa", stream: false, extra: ",\"stream\":false,\"\(name)\":1"))
        #expect(reply.status == 400)
        #expect(reply.text.contains("differ by case only"), "\(reply.text)")
        #expect(trio.openai.requests.value.isEmpty)
    }

    @Test func aNameInAnotherSpellingIsTheSameName() async {
        let reply = await Trio(.json(Sample.openaiReply)).serve(
            Speech.openai.request("to-oa", extra: ",\"mod\\u0065l\":\"other\""))
        #expect(reply.status == 400)
    }

    @Test func whatAKeyOrARouteForbidsIsRefused() async {
        var strict = RoutePolicy()
        strict.forbidden = ["service_tier", "store"]
        let candidate = ProviderFacts(name: "oa", dialect: .openai).candidate(model: "m")
        var record = TestGateway.record("hf_of-a-strict-one")
        record.forbidden = ["metadata"]
        let trio = Trio(
            .json(Sample.openaiReply), keys: [TestGateway.record(), record],
            routes: [Route(name: "strict", candidates: [candidate], policy: strict)])
        for (route, key, member, status) in [
            ("strict", TestGateway.key, "service_tier", 400), ("strict", TestGateway.key, "Store", 400),
            ("strict", TestGateway.key, "metadata", 200), ("to-oa", TestGateway.key, "service_tier", 200),
            ("to-oa", "hf_of-a-strict-one", "metadata", 400), ("to-oa", "hf_of-a-strict-one", "store", 200),
        ] {
            let reply = await trio.serve(Speech.openai.request(route, extra: ",\"\(member)\":null"), key: key)
            #expect(reply.status == status, "\(route) \(member): \(reply.text)")
        }
    }
}
