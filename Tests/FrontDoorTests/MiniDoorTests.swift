import FrontDoor
import Gateway
import GatewayTesting
import NIOCore
import Testing
import Wire

/// A door for an API that names the model in its path: one more line of wiring.
@Suite struct MiniDoorTests {
    private static let reply =
        #"{"id":"1","choices":[{"index":0,"message":{"role":"assistant","content":"Hi!"},"finish_reason":"stop"}],"#
        + #""usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#
    private static let body = #"{"say":[{"me":"hello"}]}"#

    private func ask(_ house: TestFrontDoor, _ request: String) async throws -> RawClient.Answer {
        try await house.client { client in
            await client.send(request)
            return try await client.answer()
        }
    }

    private func with(_ body: (TestFrontDoor) async throws -> Void) async throws {
        try await TestFrontDoor.with(.json(Self.reply), more: [Door(MiniDialect())]) { try await body($0) }
    }

    @Test(
        "the model in the path is the one that is asked for, with or without escapes",
        arguments: [("r", "m"), ("oa%2Fm", "m"), ("%72", "m")])
    func isServed(_ model: String, _ asked: String) async throws {
        try await with { house in
            let answer = try await ask(house, RawClient.post("/mini/\(model)/ask?x=y", Self.body))
            #expect(answer.status == 200, "\(answer.text)")
            #expect(answer.text == #"{"words":"Hi!","usage":{"in":1,"out":2}}"#)
            #expect(answer["x-mini-id"] == answer["x-request-id"])
            let sent = try #require(house.lane.requests.value.last)
            #expect(try JSONDocument(sent.body).root["model"]?.string == asked)
        }
    }

    @Test func theOtherDoorsStayAsTheyAre() async throws {
        try await with { house in
            #expect(try await ask(house, RawClient.post(TestFrontDoor.chat, TestFrontDoor.body)).text == Self.reply)
            let lost = try await ask(house, RawClient.get("/mini/ask"))
            #expect(lost.status == 404 && lost["x-mini-id"] == nil)
            #expect(lost.text.contains("POST /mini/{model}/ask, POST /mini/{model}/ask-stream and GET /v1/models"))
        }
    }

    @Test func refusalsAreInItsOwnWords() async throws {
        try await with { house in
            let get = try await ask(house, RawClient.get("/mini/r/ask"))
            #expect(get.status == 405 && get["allow"] == "POST" && get["x-mini-error"] == "method_not_allowed")
            let noKey = try await ask(house, RawClient.post("/mini/r/ask", Self.body, key: "no"))
            #expect(noKey.status == 401 && noKey.text.hasPrefix(#"{"oops":"#))
            #expect(noKey["x-mini-error"] == "invalid_api_key")
            let unknown = try await ask(house, RawClient.post("/mini/nothing/ask", Self.body))
            #expect(unknown.status == 404 && unknown["x-mini-error"] == "model_not_found")
        }
    }
}
