import Conversation
import DialectOpenAI
import NIOCore
import Testing
import Wire

@Suite("Errors") struct ErrorTests {
    @Test(
        "a problem has words that no client knows",
        arguments: [
            (APIProblem.Kind.invalidRequest, "invalid_request_error", String?.none),
            (.unauthenticated, "invalid_request_error", "invalid_api_key"),
            (.forbidden, "invalid_request_error", "insufficient_permissions"),
            (.notFound, "invalid_request_error", nil), (.gone, "invalid_request_error", nil),
            (.methodNotAllowed, "invalid_request_error", "method_not_supported"),
            (.tooLarge, "invalid_request_error", "request_too_large"),
            (.limited, "rate_limit_error", "rate_limit_exceeded"),
            (.internalFailure, "server_error", nil), (.badUpstream, "server_error", nil),
            (.unavailable, "server_error", nil), (.deadline, "server_error", nil),
        ])
    func problems(kind: APIProblem.Kind, type: String, code: String?) throws {
        let problem = APIProblem(kind, "Do \"that\".", field: "messages[0]")
        let error = try JSONDocument(openai.encodeProblem(problem, requestID: "r")).root["error"]
        #expect(error?["message"]?.string == "Do \"that\".")
        #expect(error?["type"]?.string == type)
        #expect(error?["param"]?.string == "messages[0]")
        #expect(error?["code"]?.string == code)
        let named = APIProblem(kind, "x", code: "model_not_found")
        let shown = try JSONDocument(openai.encodeProblem(named, requestID: "r")).root["error"]
        #expect(shown?["code"]?.string == "model_not_found")
        #expect(shown?["param"]?.isNull == true)
    }

    @Test(
        "a provider's status is one that no client knows",
        arguments: [
            (400, 400), (401, 401), (402, 429), (403, 403), (404, 404), (405, 400), (408, 408), (409, 409), (413, 413),
            (418, 400), (422, 422), (429, 429), (500, 500), (501, 400), (502, 502), (503, 503), (504, 504), (524, 502),
            (529, 503), (200, 502), (302, 502),
        ])
    func statuses(status: Int, shown: Int) {
        #expect(openai.status(for: ProviderError(status: status, message: "x")) == shown)
    }

    @Test(
        "another dialect's error loses its meaning",
        arguments: [
            (
                ProviderError(status: 529, type: "overloaded_error", message: "Overloaded"), "server_error",
                "overloaded_error"
            ),
            (
                ProviderError(status: 400, type: "invalid_request_error", message: "prompt is too long: 9 > 8"),
                "invalid_request_error", "context_length_exceeded"
            ),
            (ProviderError(status: 400, type: "invalid_request_error", message: "no"), "invalid_request_error", nil),
            (ProviderError(status: 429, type: "rate_limit_error", message: "slow"), "rate_limit_error", nil),
            (
                ProviderError(status: 401, type: "authentication_error", message: "key"), "invalid_request_error",
                "authentication_error"
            ),
        ])
    func providerErrors(error: ProviderError, type: String, code: String?) throws {
        let shown = try JSONDocument(openai.encodeProviderError(error, requestID: "r")).root["error"]
        #expect(shown?["type"]?.string == type)
        #expect(shown?["code"]?.string == code)
        #expect(shown?["message"]?.string == error.message)
    }

    @Test(
        "a provider's words are lost",
        arguments: [
            (
                400, #"{"error":{"message":"m","type":"t","param":"p","code":"c"}}"#,
                ProviderError(status: 400, type: "t", code: "c", message: "m", field: "p")
            ),
            (
                400, #"{"error":{"message":"m","type":null,"param":null,"code":null}}"#,
                ProviderError(status: 400, message: "m")
            ),
            (400, #"{"error":{"message":"m","code":400}}"#, ProviderError(status: 400, message: "m")),
            (400, #"{"error":{"message":"m","code":17}}"#, ProviderError(status: 400, code: "17", message: "m")),
            (404, #"{"error":"m"}"#, ProviderError(status: 404, message: "m")),
            (404, #"{"error":"Not Found","message":"m"}"#, ProviderError(status: 404, message: "m")),
            (
                422, #"{"object":"error","message":"m","type":"invalid","param":null,"code":"c"}"#,
                ProviderError(status: 422, type: "invalid", code: "c", message: "m")
            ),
            (
                422, #"{"object":"error","message":{"detail":[{"loc":["body","n"],"msg":"m"}]}}"#,
                ProviderError(status: 422, message: "n: m", field: "n")
            ),
            (404, #"{"detail":"m"}"#, ProviderError(status: 404, message: "m")),
            (
                422,
                #"{"detail":[{"loc":["body","messages",0,"role"],"msg":"m","type":"missing"},{"loc":["body"],"msg":"o"}]}"#,
                ProviderError(status: 422, message: "messages[0].role: m; o", field: "messages[0].role")
            ),
            (
                400, #"[{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}]"#,
                ProviderError(status: 400, message: "m")
            ),
            (
                403, #"{"success":false,"errors":[{"code":10000,"message":"m"}]}"#,
                ProviderError(status: 403, code: "10000", message: "m")
            ),
            (
                502, "<html><body>Bad Gateway</body></html>",
                ProviderError(status: 502, message: "The provider answered 502 with a page that is not JSON.")
            ),
            (503, "", ProviderError(status: 503, message: "The provider answered 503 and gave no reason.")),
            (500, "{}", ProviderError(status: 500, message: "The provider answered 500 and gave no reason.")),
            (500, "null", ProviderError(status: 500, message: "The provider answered 500 and gave no reason.")),
            (500, "[]", ProviderError(status: 500, message: "The provider answered 500 and gave no reason.")),
            (
                500, #"{"error":{"message":7}}"#,
                ProviderError(status: 500, message: "The provider answered 500 and gave no reason.")
            ),
        ])
    func shapes(status: Int, body: String, error: ProviderError) {
        #expect(openai.decodeError(status: status, body: ByteBuffer(string: body)) == error)
    }

    @Test("a provider can fill an answer with its error") func bounded() {
        let body = #"{"error":{"message":"\#(String(repeating: "x", count: 100_000))"}}"#
        #expect(openai.decodeError(status: 400, body: ByteBuffer(string: body)).message.utf8.count < 2000)
    }

    @Test("nesting exhausts the stack") func deep() {
        let body = String(repeating: #"{"error":"#, count: 120) + "1" + String(repeating: "}", count: 120)
        #expect(openai.decodeError(status: 400, body: ByteBuffer(string: body)).status == 400)
    }
}
