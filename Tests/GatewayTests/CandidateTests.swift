import Access
import Conversation
import Gateway
import GatewayTesting
import NIOCore
import Routing
import Testing
import Wire

/// The choice of the candidate that serves, the reasons for passing over
/// others, and the caller's answer.
@Suite struct CandidateTests {
    private static func candidate(_ provider: String, region: String? = nil, unavailable: String? = nil) -> Candidate {
        let dialect: DialectName = provider == "an" ? .anthropic : provider == "en" ? .engine : .openai
        return Candidate(provider: provider, model: "m", dialect: dialect, region: region, unavailable: unavailable)
    }

    @Test func theFirstThatCanServesAndTheOthersAreNamed() async {
        let route = Route(
            name: "r",
            candidates: [
                Self.candidate("oa", unavailable: "its key is not set"), Self.candidate("gone"),
                Self.candidate("en"), Self.candidate("an"),
            ])
        let trio = Trio(.json(Sample.anthropicReply), routes: [route])
        // An engine takes no field that it doesn't know.
        let reply = await trio.serve(Speech.anthropic.request("r", extra: ",\"x_field\":1"), .anthropic)
        #expect(reply.status == 200, "\(reply.text)")
        #expect(trio.record.servedBy == "an/m")
        #expect(trio.record.attempts.count == 1)
        #expect(trio.record.skipped.count == 3, "\(trio.record.skipped)")
        #expect(trio.record.skipped.first == "oa/m: its key is not set")
        #expect(trio.record.skipped.last == "en/m: x_field")
    }

    @Test func nobodyIsInService() async {
        let route = Route(
            name: "r", candidates: [Self.candidate("oa", unavailable: "its key is not set"), Self.candidate("gone")])
        let trio = Trio(routes: [route])
        for speech in Speech.allCases {
            let reply = await trio.serve(speech.request("r"), speech)
            #expect(reply.status == 503)
            #expect(reply.text.contains("its key is not set"))
            #expect(trio.record.outcome == .failed)
            #expect(reply["x-holdfast-attempts"] == "0")
            #expect(reply["x-holdfast-served-by"] == nil)
        }
    }

    @Test func residencyIsKept() async {
        let routes = [
            Route(name: "r", candidates: [Self.candidate("oa", region: "us"), Self.candidate("an", region: "eu")]),
            Route(name: "elsewhere", candidates: [Self.candidate("oa", region: "us"), Self.candidate("en")]),
        ]
        let trio = Trio(
            .json(Sample.anthropicReply), keys: [TestGateway.record(residency: ["eu", "ch"])], routes: routes)
        let good = await trio.serve(Speech.anthropic.request("r"), .anthropic)
        #expect(good.status == 200)
        #expect(trio.record.servedBy == "an/m")
        #expect(trio.record.skipped == ["oa/m: outside the key's residency"])
        // Where nobody says where a provider is, it is nowhere allowed.
        for model in ["elsewhere", "oa/m", "en/m", "to-en"] {
            let reply = await trio.serve(Speech.openai.request(model))
            #expect(reply.status == 403, "\(model)")
            #expect(reply.text.contains("eu, ch"))
        }
        #expect(trio.openai.requests.value.isEmpty && trio.engine.requests.value.isEmpty)
        let nowhere = Trio(.json(Sample.openaiReply), keys: [TestGateway.record(residency: [])])
        #expect(await nowhere.serve(Speech.openai.request("to-oa")).status == 403)
    }

    @Test func aKeyUsesItsRoutesOnly() async {
        let trio = Trio(.json(Sample.openaiReply), keys: [TestGateway.record(routes: ["to-oa"])])
        #expect(await trio.serve(Speech.openai.request("to-oa")).status == 200)
        for model in ["to-an", "oa/m", "en/m", "en/nope", "off/m"] {
            for speech in Speech.allCases {
                let reply = await trio.serve(speech.request(model), speech)
                #expect(reply.status == 403, "\(model): \(reply.text)")
                #expect(reply.text.contains("to-oa"))
                #expect(trio.record.outcome == .refused)
            }
        }
        // What others may use is not told.
        let unknown = await trio.serve(Speech.openai.request("to-a"))
        #expect(unknown.status == 404)
        #expect(!unknown.text.contains("to-an"))
        #expect(trio.openai.requests.value.count == 1)
        #expect(trio.anthropic.requests.value.isEmpty)
    }

    @Test func anUnknownModelIsToldWithTheNearestName() async {
        let trio = Trio()
        for speech in Speech.allCases {
            let near = await trio.serve(speech.request("to-ox"), speech)
            #expect(near.status == 404)
            #expect(near.text.contains("Did you mean") && near.text.contains("to-oa"))
            let far = await trio.serve(speech.request("something else entirely"), speech)
            #expect(far.status == 404)
            #expect(far.text.contains("GET /v1/models"))
            #expect(trio.record.reason == "model_not_found")
        }
        let unlisted = await trio.serve(Speech.openai.request("en/other"))
        #expect(unlisted.status == 404)
        #expect(unlisted.text.contains("it serves: m"))
        let off = await trio.serve(Speech.openai.request("off/m"))
        #expect(off.status == 503)
        #expect(off.text.contains("its key variable is not set"))
    }

    @Test func aNameOfAMegabyteIsNotRepeated() async {
        let trio = Trio()
        let reply = await trio.serve(Speech.openai.request(String(repeating: "x", count: 1 << 20)))
        #expect(reply.status == 400)
        #expect(reply.told.body.readableBytes < 2000)
        #expect(trio.record.requested.utf8.count <= 200)
    }

    @Test func aFieldNameOfAMegabyteIsNotRepeated() async {
        let trio = Trio(.json(Sample.openaiReply))
        let name = String(repeating: "x", count: 1 << 20)
        for (model, speech) in [("to-an", Speech.openai), ("to-oa", .anthropic), ("to-en", .openai)] {
            let reply = await trio.serve(speech.request(model, extra: ",\"\(name)\":1"), speech)
            #expect(reply.status == 400)
            #expect(reply.told.body.readableBytes < 4000, "\(model): \(reply.told.body.readableBytes)")
            #expect((trio.record.skipped.first ?? "").utf8.count < 2000)
        }
    }

    @Test func whatCannotBeCarriedIsRefusedByName() async {
        let trio = Trio(.json(Sample.openaiReply))
        for (model, speech, extra, field) in [
            ("to-an", Speech.openai, ",\"x_field\":1", "x_field"), ("to-an", .openai, ",\"n\":2", "n"),
            ("to-oa", .anthropic, ",\"x_field\":{\"a\":1}", "x_field"),
            ("to-en", .openai, ",\"logit_bias\":{\"a b\":1}", "logit_bias"),
            ("to-en", .anthropic, ",\"container\":\"c\"", "container"),
        ] {
            let reply = await trio.serve(speech.request(model, extra: extra), speech)
            #expect(reply.status == 400, "\(model) \(extra): \(reply.text)")
            #expect(reply.text.contains(field))
            #expect(trio.record.outcome == .refused)
        }
        #expect(trio.anthropic.requests.value.isEmpty && trio.engine.requests.value.isEmpty)
    }

    @Test func whatIsAdvisoryIsLeftBehindAndSaidSo() async {
        let trio = Trio(.json(Sample.anthropicReply))
        let reply = await trio.serve(
            Speech.openai.request("to-an", extra: ",\"store\":false,\"metadata\":{\"a\":\"b\"}"))
        #expect(reply.status == 200, "\(reply.text)")
        let told = (reply["x-holdfast-dropped"] ?? "").split(separator: ", ").sorted()
        #expect(told == ["metadata", "store"], "\(told)")
        #expect(trio.record.dropped.sorted() == ["metadata", "store"])
        // Nothing is left behind where the bytes pass.
        let same = Trio(.json(Sample.openaiReply))
        let whole = await same.serve(Speech.openai.request("to-oa", extra: ",\"store\":false"))
        #expect(whole["x-holdfast-dropped"] == nil)
    }

    @Test func whatIsDisclosedFitsAHeaderField() async throws {
        let trio = Trio(.json(Sample.anthropicReply))
        let many = (0..<500).map {
            "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"x\",\"cache_control\":{\"type\":\"ephemeral\"}}],\"name\":\"n\($0)\"}"
        }
        let reply = await trio.serve("{\"model\":\"to-an\",\"messages\":[\(many.joined(separator: ","))]}")
        #expect(reply.status == 200, "\(reply.text)")
        let told = try #require(reply["x-holdfast-dropped"])
        #expect(told.utf8.count < 8000 && HTTPFieldRules.isValidValue(told))
        // Twenty by name, and the number of the others.
        #expect(told.split(separator: ", ").count == 21 && told.hasSuffix(", 980 more"), "\(told)")
    }
}
