import Conversation
import Gateway
import GatewayTesting
import NIOCore
import Resilience
import Testing
import Wire

@Suite struct ErrorTests {
    static let openaiError =
        #"{"error":{"message":"Slow down, please","type":"rate_limit","param":null,"code":"slow"},"extra":1}"#
    static let anthropicError =
        #"{"type":"error","error":{"type":"overloaded_error","message":"Slow down, please"},"request_id":"req_theirs"}"#

    @Test(arguments: [400, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529, 418])
    func aProvidersNoPassesAsItIsWhereTheDialectsMatch(_ status: Int) async {
        for (speech, route, body) in [
            (Speech.openai, "to-oa", Self.openaiError), (.anthropic, "to-an", Self.anthropicError),
        ] {
            var fields = HTTPFieldList(["content-type": "application/problem+json", "retry-after": "7"])
            fields.append("x-ratelimit-reset-requests", "1s")
            for stream in [false, true] {
                let trio = Trio(.answer(status: status, fields: fields, ByteBuffer(string: body).singly))
                let reply = await trio.serve(speech.request(route, stream: stream), speech)
                #expect(reply.status == status)
                #expect(reply.text == body)
                #expect(reply["content-type"] == "application/problem+json")
                #expect(reply["retry-after"] == "7")
                #expect(reply["x-ratelimit-reset-requests"] == "1s")
                #expect(reply["x-holdfast-served-by"] == "\(route.suffix(2))/m")
                #expect(trio.record.outcome == .providerError)
                #expect(trio.record.status == status)
                #expect(trio.record.attempts.first?.status == status)
                #expect(trio.record.usage == nil)
            }
        }
    }

    @Test(arguments: [300, 301, 302, 303, 304, 307, 308])
    func aRedirectIsNotFollowedAndSaysWhereTo(_ status: Int) async {
        for (speech, route) in [
            (Speech.openai, "to-oa"), (.anthropic, "to-an"), (.openai, "to-an"), (.anthropic, "to-oa"),
        ] {
            let fields = HTTPFieldList(["location": "https://user:secret@elsewhere.test/v2?key=secret#secret"])
            let trio = Trio(.answer(status: status, fields: fields, []))
            let reply = await trio.serve(speech.request(route), speech)
            #expect(reply.status == 502 && reply.text.contains("https://elsewhere.test/v2, which"), "\(reply.text)")
            #expect(!reply.text.contains("secret") && reply["location"] == nil)
            #expect(trio.record.outcome == .failed && trio.record.reason == "provider_redirect")
        }
    }

    @Test(arguments: [
        (400, 400), (403, 403), (404, 404), (408, 408), (409, 409), (413, 413), (422, 422),
        (429, 429),
        (500, 500), (501, 400), (502, 502), (503, 503), (504, 504), (529, 503), (418, 400), (599, 502),
    ])
    func anthropicsNoInOpenAIsWords(_ status: Int, _ expected: Int) async throws {
        let trio = Trio(
            .answer(
                status: status, fields: HTTPFieldList(["retry-after": "7"]), [ByteBuffer(string: Self.anthropicError)]))
        let reply = await trio.serve(Speech.openai.request("to-an"))
        #expect(reply.status == expected)
        let error = try #require(try JSONDocument(reply.told.body).root["error"])
        #expect(error["message"]?.string == "Slow down, please")
        #expect(error["code"]?.string == "overloaded_error")
        #expect(reply["retry-after"] == "7")
        #expect(reply["content-type"] == "application/json")
        #expect(trio.record.status == expected)
        #expect(trio.record.attempts.first?.status == status)
        #expect(trio.record.outcome == .providerError)
    }

    @Test(arguments: [
        (400, 400), (403, 403), (404, 404), (408, 504), (413, 413), (422, 400), (429, 429), (500, 500),
        (502, 502),
        (503, 529), (504, 504), (418, 400),
    ])
    func openAIsNoInAnthropicsWords(_ status: Int, _ expected: Int) async throws {
        for route in ["to-oa", "to-en"] {
            let trio = Trio(.json(Self.openaiError, status: status))
            let reply = await trio.serve(Speech.anthropic.request(route), .anthropic)
            #expect(reply.status == expected)
            let root = try JSONDocument(reply.told.body).root
            #expect(root["type"]?.string == "error")
            #expect(root["request_id"]?.string == "req_test")
            #expect(root["error"]?["message"]?.string?.contains("Slow down, please") == true)
        }
    }

    @Test(arguments: [
        "", "<html>Bad Gateway</html>", "null", "[]", "\u{FEFF}", "{\"error\":", "\"just words\"",
        "{\"detail\":\"words\"}",
    ])
    func aNoThatSaysNothingIsStillANo(_ body: String) async throws {
        for (speech, route) in [(Speech.openai, "to-an"), (.openai, "to-en"), (.anthropic, "to-oa")] {
            let trio = Trio(.json(body, status: 500))
            let reply = await trio.serve(speech.request(route), speech)
            #expect(reply.status == 500)
            #expect(try JSONDocument(reply.told.body).root["error"] != nil)
        }
    }

    @Test(arguments: [400, 404, 429, 500])
    func anErrorOfAnySizeKeepsItsStatusAndIsReadToAMebibyte(_ status: Int) async {
        let piece = ByteBuffer(string: String(repeating: "x", count: 1 << 16))
        for (speech, route) in [(Speech.openai, "to-oa"), (.anthropic, "to-an")] {
            let trio = Trio(.answer(status: status, Array(repeating: piece, count: 64)))
            let reply = await trio.serve(speech.request(route), speech)
            #expect(reply.status == status)
            #expect(trio.record.outcome == .providerError)
            #expect(
                trio.lane(String(route.suffix(2))).taken.value <= 16
                    * trio.lane(String(route.suffix(2))).requests.value.count)
        }
    }

    @Test func anAnswerOverTheLimitIsAnError() async {
        for size in [1, 4096, 200_000] {
            let pieces = Array(
                repeating: ByteBuffer(string: String(repeating: " ", count: size)), count: 200_000 / size)
            let trio = Trio(.answer(pieces), limits: GatewayLimits(responseBody: 100_000))
            #expect(await trio.serve(Speech.openai.request("to-oa")).status == 502)
            #expect(trio.record.attempts.first?.failure == "garbage")
        }
    }

    @Test(arguments: ["", "{", "[]", "null", "<html>", "{}", "{\"choices\":5}", "{\"content\":\"x\"}"])
    func anAnswerThatIsNoneIsAnErrorAcrossDialects(_ body: String) async throws {
        for (speech, route) in [(Speech.openai, "to-an"), (.openai, "to-en"), (.anthropic, "to-oa")] {
            let trio = Trio(.json(body))
            let reply = await trio.serve(speech.request(route), speech)
            #expect(reply.status == 502, "\(route): \(reply.text)")
            #expect(trio.record.outcome == .failed)
            #expect(try JSONDocument(reply.told.body).root["error"] != nil)
        }
    }

    @Test func ownShortageIsNobodysFailure() async throws {
        for speech in Speech.allCases {
            for route in ["to-oa", "to-an", "to-en"] {
                let trio = Trio(.failing(.ownShortage("no file descriptors")))
                for stream in [false, true, false, true, false, true, false, true] {
                    let reply = await trio.serve(speech.request(route, stream: stream), speech)
                    #expect(reply.status == 503 && reply["retry-after"] == "1")
                    #expect(reply.text.contains("no file descriptors") && !reply.text.contains("/m"))
                    #expect(trio.record.attempts.map(\.failure) == ["own_shortage"])
                    #expect(trio.record.attempts.allSatisfy { $0.cause == nil })
                }
                let continuity = trio.house.gateway.continuity
                #expect(continuity.book.isQuiet)
            }
        }
    }

    struct Failure: Sendable {
        var failure: LaneFailure
        var status: Int
        var word: String
        var retryAfter: String?
    }

    static let failures = [
        Failure(failure: .unreachable("why"), status: 503, word: "unreachable"),
        Failure(failure: .connectTimeout, status: 503, word: "connect_timeout"),
        Failure(failure: .closedBeforeHead(reused: false), status: 502, word: "closed_before_head"),
        Failure(failure: .firstByteTimeout, status: 504, word: "first_byte_timeout"),
        Failure(failure: .stalled, status: 504, word: "stalled"),
        Failure(failure: .totalTimeout, status: 504, word: "total_timeout"),
        Failure(failure: .cut, status: 502, word: "cut"),
        Failure(failure: .garbage("why"), status: 502, word: "garbage"),
        Failure(failure: .overloaded("why"), status: 503, word: "overloaded", retryAfter: "1"),
        Failure(failure: .notReady("why"), status: 503, word: "not_ready", retryAfter: "2"),
    ]

    @Test(arguments: failures)
    func everyFailureHasItsStatusAndItsWord(_ failure: Failure) async throws {
        for speech in Speech.allCases {
            for route in ["to-oa", "to-an", "to-en"] {
                for stream in [false, true] {
                    let trio = Trio(.failing(failure.failure))
                    let reply = await trio.serve(speech.request(route, stream: stream), speech)
                    #expect(reply.status == failure.status)
                    #expect(reply["retry-after"] == failure.retryAfter)
                    // Who kept silent once is not asked again.
                    let tries = [.firstByteTimeout, .stalled, .totalTimeout].contains(failure.failure) ? 1 : 2
                    #expect(reply["x-holdfast-attempts"] == "\(tries)")
                    #expect(reply.text.contains("\(route.suffix(2))/m"))
                    #expect(try JSONDocument(reply.told.body).root["error"] != nil)
                    #expect(trio.record.outcome == .failed)
                    #expect(trio.record.attempts.map(\.failure) == Array(repeating: failure.word, count: tries))
                    #expect(trio.record.usage == nil)
                }
            }
        }
    }

    @Test func aConnectionThatWasClosedWhileIdleIsTriedOnceMore() async {
        let trio = Trio(
            .attemptBased { $0 == 0 ? .failing(.closedBeforeHead(reused: true)) : .json(Sample.openaiReply) })
        let reply = await trio.serve(Speech.openai.request("to-oa"))
        #expect(reply.status == 200)
        #expect(reply["x-holdfast-attempts"] == "2")
        #expect(trio.record.attempts.map(\.failure) == ["closed_before_head", nil])
        #expect(trio.openai.requests.value[0].body == trio.openai.requests.value[1].body)

        let again = Trio(.failing(.closedBeforeHead(reused: true)))
        #expect(await again.serve(Speech.openai.request("to-oa")).status == 502)
        // On another connection, and once more as after any failure to reach it.
        #expect(again.openai.requests.value.count == 3)

        let fresh = Trio(.failing(.closedBeforeHead(reused: false)))
        #expect(await fresh.serve(Speech.openai.request("to-oa")).status == 502)
        #expect(fresh.openai.requests.value.count == 2)
    }

    @Test func anAnswerThatBreaksOffIsAnError() async {
        let bytes = ByteBuffer(string: Sample.openaiReply)
        let trio = Trio(.breaking(.cut, after: .answer(bytes.cut(at: 100))))
        for route in ["to-oa", "to-en"] {
            let reply = await trio.serve(Speech.openai.request(route))
            #expect(reply.status == 502)
            #expect(trio.record.outcome == .failed)
            #expect(trio.record.attempts.first?.failure == "cut")
        }
    }
}
