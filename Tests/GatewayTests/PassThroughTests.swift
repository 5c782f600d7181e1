import Conversation
import DialectOpenAI
import Gateway
import GatewayTesting
import NIOCore
import Routing
import Testing
import Wire

@Suite struct PassThroughTests {
    private func served(_ body: String, _ speech: Speech = .openai, trio: Trio? = nil) async throws -> String {
        let provider = speech == .openai ? "oa" : "an"
        let trio = trio ?? Trio(.json(Sample.reply(provider)))
        let reply = await trio.serve(body, speech)
        #expect(reply.status == 200, "\(reply.text)")
        return String(buffer: try #require(trio.lane(provider).requests.value.last).body)
    }

    @Test func onlyTheModelIsChanged() async throws {
        let body =
            "{ \"x_unknown\" : [1,2.50, 1e3,\"\\u00e9\\/\"],\n\t\"model\"\r:  \"to-oa\" , \"messages\":[ ], \"y\":{\"model\":\"to-oa\"} }"
        #expect(try await served(body) == body.replacingOnce("\"to-oa\" ,", "\"m\" ,"))
        let other = "{\"messages\":[],\"max_tokens\":1,\"model\":\"to-an\"}"
        #expect(try await served(other, .anthropic) == other.replacingOnce("to-an", "m"))
    }

    @Test func aModelThatNeedNotChangeIsNotTouched() async throws {
        let trio = Trio(
            .json(Sample.openaiReply),
            routes: [.init(name: "same", candidates: [.init(provider: "oa", model: "same", dialect: .openai)])])
        for body in [#"{"model":"same","messages":[]}"#, #"{"model":"s\u0061me","messages":[]}"#] {
            #expect(try await served(body, trio: trio) == body)
        }
    }

    @Test func aModelsNameMayBeEscapedAnywhere() async throws {
        #expect(try await served(#"{"model":"to\u002doa","a":1}"#) == #"{"model":"m","a":1}"#)
        #expect(try await served(#"{"mod\u0065l":"to-oa","a":1}"#) == #"{"mod\u0065l":"m","a":1}"#)
        #expect(try await served(#"{"model":"oa/we\"ird\\\u00e9","a":1}"#) == "{\"model\":\"we\\\"ird\\\\é\",\"a\":1}")
    }

    @Test(arguments: [
        #"{"model":"to-oa","model":"to-an","messages":[]}"#,
        #"{"model":"to-oa","mod\u0065l":"to-an","messages":[]}"#,
        #"{"messages":[],"stream":true,"model":"to-oa","stream":false}"#,
    ])
    func whatIsGivenTwiceIsRefused(_ body: String) async {
        let trio = Trio(.json(Sample.openaiReply))
        let reply = await trio.serve(body)
        #expect(reply.status == 400)
        #expect(reply.text.contains("given twice"))
        #expect(trio.openai.requests.value.isEmpty)
    }

    @Test(arguments: [
        ("", "empty"), ("[]", "object"), ("\"x\"", "object"), ("{", "ends"), ("{}", "missing"),
        (#"{"model":null}"#, "missing"),
        (#"{"model":5}"#, "string"), (#"{"model":""}"#, "string"), (#"{"model":["to-oa"]}"#, "string"),
        (#"{"model":"to-oa","stream":"yes"}"#, "stream"), (#"{"model":"to-oa","stream":1}"#, "stream"),
        (#"{"model":"to-oa"} x"#, "more"), ("{\"model\":\"to-oa\",\"a\":\"\u{0}\"}", "byte"),
        (#"{"model":"to-oa","a":"\ud800"}"#, "surrogate"),
        ("{\"model\":\"to-oa\",\"a\":" + String(repeating: "[", count: 200), "deep"),
    ])
    func whatIsNoRequestIsRefusedInPlainWords(_ body: String, _ word: String) async {
        for speech in Speech.allCases {
            let trio = Trio(.json(Sample.openaiReply))
            let reply = await trio.serve(body, speech)
            #expect(reply.status == 400)
            #expect(reply.text.contains(word), "\(reply.text)")
            #expect(reply["x-request-id"] == "req_test")
            #expect(reply["request-id"] == (speech == .anthropic ? "req_test" : nil))
            #expect(trio.record.outcome == .refused)
            #expect(trio.openai.requests.value.isEmpty)
        }
    }

    @Test func theAnswerComesBackAsItWas() async throws {
        for (speech, route) in [(Speech.openai, "to-oa"), (.anthropic, "to-an")] {
            let sample = route == "to-oa" ? Sample.openaiReply : Sample.anthropicReply
            for pieces in [
                [ByteBuffer(string: sample)], ByteBuffer(string: sample).singly, ByteBuffer(string: sample).cut(at: 7),
            ] {
                let trio = Trio(.answer(pieces))
                let reply = await trio.serve(speech.request(route), speech)
                #expect(reply.text == sample)
                #expect(reply["content-type"] == "application/json")
                #expect(reply["x-holdfast-served-by"] == "\(route.suffix(2))/m")
                #expect(reply["x-holdfast-attempts"] == "1")
                #expect(trio.record.usage == Usage(input: 11, output: 3))
            }
        }
    }

    @Test func fieldsCrossAsTheRulesSay() async throws {
        var fields = HTTPFieldList(["content-type": "application/json", "x-request-id": "theirs", "retry-after": "3"])
        fields.append("x-ratelimit-remaining-requests", "9")
        fields.append("set-cookie", "secret")
        fields.append("server", "theirs")
        let trio = Trio(.answer(fields: fields, [ByteBuffer(string: Sample.openaiReply)]), choices: .query)
        let reply = await trio.serve(
            Speech.openai.request("to-oa"), fields: HTTPFieldList(["openai-beta": "x"]), query: "beta=true&a=b")
        #expect(reply["x-request-id"] == "req_test")
        #expect(reply["x-holdfast-provider-request-id"] == "theirs")
        #expect(reply["x-ratelimit-remaining-requests"] == "9")
        #expect(reply["retry-after"] == "3")
        #expect(reply["set-cookie"] == nil)
        #expect(reply["server"] == nil)
        #expect(reply.told.head?.fields.fields.count { $0.name == "content-type" } == 1)
        let request = try #require(trio.openai.requests.value.first)
        #expect(request.fields["openai-beta"] == "x")
        #expect(request.path == "/chat/completions?beta=true&a=b")
    }

    @Test func fieldsOfOneDialectDontReachAnother() async throws {
        let trio = Trio(.json(Sample.anthropicReply))
        await trio.serve(
            Speech.openai.request("to-an"), fields: HTTPFieldList(["openai-beta": "x"]), query: "beta=true")
        let request = try #require(trio.anthropic.requests.value.first)
        #expect(request.fields.isEmpty)
        #expect(request.path == "/v1/messages")
    }

    @Test func anAnswerCrossesInBothDirections() async throws {
        for (speech, provider) in [(Speech.openai, "an"), (.anthropic, "oa"), (.openai, "en"), (.anthropic, "en")] {
            let trio = Trio(.json(Sample.reply(provider)))
            let reply = await trio.serve(speech.request("to-\(provider)"), speech)
            #expect(reply.status == 200, "\(speech) \(provider): \(reply.text)")
            let root = try JSONDocument(reply.told.body).root
            #expect(root["model"]?.string == "served")
            #expect(!reply.text.contains("x_unknown"))
            #expect(reply.text.contains("Hi!"))
            #expect(root["usage"]?[speech == .openai ? "completion_tokens" : "output_tokens"]?.int == 3)
            #expect(trio.record.usage == Usage(input: 11, output: 3))
            #expect(trio.record.servedBy == "\(provider)/m")
        }
    }

    @Test func embeddingsGoWhereTheyCan() async throws {
        let body = #"{"model":"to-oa","input":"x","unknown":1}"#
        let answer =
            #"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"e","usage":{"prompt_tokens":4,"total_tokens":4}}"#
        let trio = Trio(.json(answer))
        let reply = await trio.serve(body, operation: .embeddings(OpenAIDialect(now: { 0 })))
        #expect(reply.text == answer)
        #expect(trio.openai.requests.value.first?.path == "/embeddings")
        #expect(trio.record.usage == Usage(input: 4, output: 0))
        for provider in ["an", "en"] {
            let refused = await trio.serve(
                #"{"model":"to-\#(provider)","input":"x"}"#, operation: .embeddings(OpenAIDialect(now: { 0 })))
            #expect(refused.status == 400)
            #expect(refused.text.contains("embeddings"))
        }
    }
}

extension String {
    func replacingOnce(_ old: String, _ new: String) -> String {
        guard let range = firstRange(of: old) else { return self }
        return replacingCharacters(in: range, with: new)
    }

    private func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
        String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
    }
}
