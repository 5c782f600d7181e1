import Conversation
import Failures
import Gateway
import GatewayTesting
import NIOCore
import Testing
import Wire

/// A provider that repeats what it was sent: no caller reads a word of it.
@Suite struct SecretTests {
    static let key = "sk-of-the-operator-0123456789"
    static let mask = SecretMask([key])

    private func trio(_ script: ReplayLane.Script) -> Trio { Trio(script, secrets: Self.mask) }

    private func check(_ reply: CollectedReply, _ what: String) {
        let head = reply.told.head?.fields.fields.map { "\($0.name): \($0.value)" }.joined(separator: "\n") ?? ""
        #expect(!head.contains("0123456789"), "\(what): \(head)")
        #expect(!reply.text.contains("0123456789"), "\(what): \(reply.text)")
        #expect(!reply.text.isEmpty)
    }

    static let bodies = [
        "{\"error\":{\"message\":\"no \(key)\",\"type\":\"\(key)\",\"code\":\"\(key)\",\"param\":\"\(key)\"}}",
        "{\"error\":\"\(key)\"}", "{\"detail\":[{\"loc\":[\"\(key)\"],\"msg\":\"\(key)\"}]}", "\(key)",
        "<html>\(key)</html>",
        "{\"type\":\"error\",\"error\":{\"type\":\"\(key)\",\"message\":\"\(key)\"},\"request_id\":\"\(key)\"}",
        "{\"error\":{\"message\":\"\\u0073k-of-the-oper\\u0061tor-\\u0030123456789\"}}",
    ]

    @Test(arguments: [400, 403, 404, 408, 422, 429, 500, 503], bodies)
    func noErrorTellsIt(_ status: Int, _ body: String) async {
        var fields = HTTPFieldList(["x-ratelimit-limit-requests": Self.key, "warning": "299 - \"\(Self.key)\""])
        fields.append("x-request-id", Self.key)
        fields.append("retry-after", Self.key)
        for (speech, route) in [
            (Speech.openai, "to-oa"), (.anthropic, "to-an"), (.openai, "to-an"), (.anthropic, "to-oa"),
        ] {
            for pieces in [[ByteBuffer(string: body)], ByteBuffer(string: body).singly] {
                let trio = trio(.answer(status: status, fields: fields, pieces))
                let reply = await trio.serve(speech.request(route), speech)
                check(reply, "\(speech) \(route) \(status)")
                #expect(reply.status >= 400)
                #expect(trio.record.reason?.contains("0123") != true)
            }
        }
    }

    @Test func noFieldOfAGoodAnswerTellsIt_andItsBytesStay() async {
        var fields = HTTPFieldList(["x-ratelimit-limit-requests": Self.key, "openai-version": "2020-10-01"])
        fields.append("x-request-id", "req-\(Self.key)")
        let trio = trio(.answer(fields: fields, [ByteBuffer(string: Sample.openaiReply)]))
        let reply = await trio.serve(Speech.openai.request("to-oa"))
        #expect(reply.text == Sample.openaiReply)
        #expect(reply["x-ratelimit-limit-requests"] == SecretMask.mark)
        #expect(reply["x-holdfast-provider-request-id"] == "req-\(SecretMask.mark)")
        #expect(reply["openai-version"] == "2020-10-01")
    }

    @Test(arguments: ["openai", "anthropic"], ["oa", "an"])
    func noStreamTellsIt(_ door: String, _ provider: String) async throws {
        let speech = Speech(rawValue: door)!
        let lines = provider == "an" ? Sample.anthropicStream : Sample.openaiStream
        let errors =
            provider == "an"
            ? [
                "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"\(Self.key)\"}}\n\n"
            ]
            : [
                "data: {\"error\":{\"message\":\"\(Self.key)\",\"code\":500}}\n\n",
                "data: {\"error\":\"\(Self.key)\"}\n\n",
                "event: error\ndata: not JSON: \(Self.key)\n\n",
            ]
        for (error, before) in errors.flatMap({ error in [0, 4].map { (error, $0) } }) {
            let bytes = ByteBuffer(string: lines.prefix(before).joined() + error + lines.suffix(2).joined())
            for pieces in [[bytes], bytes.singly] {
                let trio = trio(.events(pieces))
                let reply = await trio.serve(speech.request("to-\(provider)", stream: true), speech)
                check(reply, "\(speech) \(provider) after \(before)")
                guard before > 0 else { continue }
                let heard = try Events(reply.told.body)
                #expect(heard.errors == 1 && heard.endsWithError && heard.terminals == 0, "\(reply.text)")
            }
        }
    }

    @Test func anErrorInAGoodAnswerDoesntTellIt() async {
        for body in [
            "{\"error\":{\"message\":\"\(Self.key)\"}}",
            "{\"choices\":[],\"error\":{\"message\":\"\(Self.key)\"}}",
        ] {
            check(await trio(.json(body)).serve(Speech.openai.request("to-oa")), body)
        }
    }

    @Test(arguments: [
        (401, "Incorrect API key provided: sk-ab***9.", "provider_key_refused"),
        (403, "invalid x-api-key", "provider_key_refused"),
        (402, "Your card was declined", "provider_account_used_up"),
        (
            429, "You exceeded your current quota, please check your plan and billing details.",
            "provider_account_used_up"
        ),
        (400, "Your credit balance is too low to access the API.", "provider_account_used_up"),
    ])
    func whatIsWrongWithOurAccountIsToldInOurWords(_ status: Int, _ words: String, _ code: String) async throws {
        for (speech, route) in [
            (Speech.openai, "to-oa"), (.anthropic, "to-an"), (.openai, "to-an"), (.anthropic, "to-oa"),
        ] {
            let body = "{\"type\":\"error\",\"error\":{\"type\":\"theirs\",\"message\":\"\(words)\"}}"
            let trio = trio(.json(body, status: status))
            let reply = await trio.serve(speech.request(route), speech)
            #expect(reply.status == (speech == .openai ? 503 : 503))
            #expect(reply["x-should-retry"] == "false")
            #expect(reply.text.contains(code), "\(reply.text)")
            #expect(reply.text.contains("holdfast status") && reply.text.contains(String(route.suffix(2))))
            #expect(!reply.text.contains(words))
            #expect(trio.record.outcome == .failed)
        }
    }

    @Test(arguments: Speech.allCases)
    func whatIsWrongWithOurAccountInsideAStreamIsToldInOurWords(_ speech: Speech) async throws {
        let isOpenAI = speech == .openai
        let lines = isOpenAI ? Sample.openaiStream : Sample.anthropicStream
        let error =
            isOpenAI
            ? "data: {\"error\":{\"message\":\"Incorrect API key provided\",\"code\":\"invalid_api_key\"}}\n\n"
            : "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"authentication_error\",\"message\":\"invalid x-api-key\"}}\n\n"
        let trio = trio(.events([ByteBuffer(string: lines.prefix(4).joined() + error)]))
        let reply = await trio.serve(speech.request(isOpenAI ? "to-oa" : "to-an", stream: true), speech)
        #expect(reply.text.contains("holdfast status"), "\(reply.text)")
        #expect(!reply.text.contains("ncorrect API key") && !reply.text.contains("invalid x-api-key"))
        #expect(try Events(reply.told.body).endsWithError)
    }
}
