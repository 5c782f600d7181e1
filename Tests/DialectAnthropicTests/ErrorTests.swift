import Conversation
import DialectAnthropic
import NIOCore
import Testing
import Wire

@Suite struct ErrorTests {
    @Test(arguments: [
        (APIProblem.Kind.invalidRequest, "invalid_request_error"), (.unauthenticated, "authentication_error"),
        (.forbidden, "permission_error"), (.notFound, "not_found_error"), (.gone, "not_found_error"),
        (.methodNotAllowed, "invalid_request_error"), (.tooLarge, "request_too_large"),
        (.headersTooLarge, "invalid_request_error"), (.limited, "rate_limit_error"), (.internalFailure, "api_error"),
        (.badUpstream, "api_error"), (.unavailable, "overloaded_error"), (.deadline, "timeout_error"),
    ])
    func everyProblemHasItsWord(_ kind: APIProblem.Kind, _ type: String) throws {
        let body = dialect.encodeProblem(APIProblem(kind, "Do \"this\"."), requestID: "req_1")
        #expect(
            text(body)
                == #"{"type":"error","error":{"type":"\#(type)","message":"Do \"this\"."},"request_id":"req_1"}"#)
    }

    @Test func theFieldStandsInTheMessageAndTheCodeInTheDetails() {
        let problem = APIProblem(
            .invalidRequest, "Must be a string.", field: "messages[2].content[0].text", code: "bad")
        #expect(
            text(dialect.encodeProblem(problem, requestID: "r"))
                == #"{"type":"error","error":{"type":"invalid_request_error","message":"messages.2.content.0.text: Must be a string.","details":{"error_code":"bad"}},"request_id":"r"}"#
        )
        let said = APIProblem(.invalidRequest, "model: no such thing", field: "model")
        #expect(text(dialect.encodeProblem(said, requestID: "r")).contains(#""message":"model: no such thing""#))
    }

    @Test func aProblemInTheStreamIsAnEvent() {
        #expect(
            text(dialect.encodeStreamProblem(APIProblem(.badUpstream, "cut off"), requestID: "r"))
                == "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"cut off\"},\"request_id\":\"r\"}\n\n"
        )
    }

    @Test(arguments: [
        (400, 400, "invalid_request_error"), (401, 401, "authentication_error"), (402, 402, "billing_error"),
        (403, 403, "permission_error"), (404, 404, "not_found_error"), (408, 504, "timeout_error"),
        (409, 409, "conflict_error"), (413, 413, "request_too_large"), (418, 400, "invalid_request_error"),
        (422, 400, "invalid_request_error"), (429, 429, "rate_limit_error"), (500, 500, "api_error"),
        (502, 502, "api_error"), (503, 529, "overloaded_error"), (504, 504, "timeout_error"),
        (529, 529, "overloaded_error"), (200, 500, "api_error"), (599, 500, "api_error"),
    ])
    func anotherDialectsErrorIsKnownHere(_ status: Int, _ expected: Int, _ type: String) {
        let error = ProviderError(status: status, type: "x", code: "c", message: "No", field: "temperature")
        #expect(dialect.status(for: error) == expected)
        #expect(
            text(dialect.encodeProviderError(error, requestID: "r"))
                == #"{"type":"error","error":{"type":"\#(type)","message":"temperature: No","details":{"error_code":"c"}},"request_id":"r"}"#
        )
    }

    @Test func theirErrorsAreRead() throws {
        #expect(
            dialect.decodeError(status: 400, body: try fixture("error-invalid.json"))
                == ProviderError(
                    status: 400, type: "invalid_request_error",
                    message: "messages.0.content: Input should be a valid list"))
        #expect(
            dialect.decodeError(status: 429, body: try fixture("error-spend.json")).code
                == "enforced_spend_limit_reached")
    }

    @Test(arguments: ["", "<html>", "null", "{}", #"{"error":7}"#, #"{"error":{"message":7}}"#])
    func whatCannotBeReadIsAnErrorAllTheSame(_ body: String) {
        let error = dialect.decodeError(status: 502, body: ByteBuffer(string: body))
        #expect(error.status == 502 && error.message.contains("502"))
    }
}
