import Access
import DialectOpenAI
import FrontDoor
import Gateway
import GatewayTesting
import NIOCore
import Testing
import Wire

@Suite struct PageTests {
    private func ask(_ house: TestFrontDoor, _ request: String, hasBody: Bool = true) async throws -> RawClient.Answer {
        try await house.client { client in
            await client.send(request)
            return try await client.answer(hasBody: hasBody)
        }
    }

    private func expect(
        _ status: Int, _ house: TestFrontDoor, _ request: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let answer = try await ask(house, request)
        #expect(answer.status == status, "\(request.prefix(40))", sourceLocation: sourceLocation)
    }

    @Test func methodsThatAnAddressDoesNotTake() async throws {
        try await TestFrontDoor.with { house in
            for path in [TestFrontDoor.chat, "/v1/messages", "/v1/embeddings", "/v1/messages/count_tokens"] {
                for method in ["GET", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"] {
                    let answer = try await ask(house, RawClient.get(path, method: method))
                    guard answer.status == 405 || (method == "BREW" && answer.status == 400) else {
                        Issue.record("\(method) \(path): \(answer.status)")
                        continue
                    }
                    if answer.status == 405 {
                        #expect(answer["allow"] == "POST")
                        #expect(try JSONDocument(answer.body).root["error"] != nil)
                    }
                }
            }
            let models = try await ask(house, RawClient.get("/v1/models", method: "DELETE"))
            #expect(models.status == 405 && models["allow"] == "GET, HEAD")
        }
    }

    @Test func theAnswerToHEADHasNoBody() async throws {
        try await TestFrontDoor.with { house in
            try await house.client { client in
                for path in ["/health", "/ready", "/v1/models", TestFrontDoor.chat, "/nowhere"] {
                    await client.send(RawClient.get(path, method: "HEAD"))
                    let answer = try await client.answer(hasBody: false)
                    #expect((Int(answer["content-length"] ?? "") ?? 0) > 0)
                    // Bytes of a body would be taken for the next answer.
                    await client.send(RawClient.get("/health"))
                    try await client.expect(200)
                }
            }
        }
    }

    @Test func healthNeedsNoKey() async throws {
        try await TestFrontDoor.with { house in
            for path in ["/", "/health", "/healthz", "/ready", "/readyz", "/health?x=y"] {
                try await expect(200, house, RawClient.get(path, key: nil))
            }
            for path in ["/v1/models", "/metrics", "/v1/chat/completions", "/nowhere"] {
                try await expect(401, house, RawClient.get(path, key: nil))
            }
        }
    }

    @Test func whoIsLostIsToldEveryAddress() async throws {
        let sentence =
            "Holdfast speaks POST /v1/chat/completions, POST /v1/embeddings, POST /v1/messages, "
            + "POST /v1/messages/count_tokens and GET /v1/models."
        try await TestFrontDoor.with { house in
            let lost = try await ask(house, RawClient.get("/nowhere"))
            #expect(lost.status == 404 && lost.text.contains("There is nothing at /nowhere. \(sentence)"))
            #expect(try await ask(house, RawClient.get("/", key: nil)).text.contains(sentence))
        }
    }

    @Test func readinessSaysWhatIsMissing() async throws {
        let missing = Watched<[String]>([])
        try await TestFrontDoor.with(view: HouseView(unready: { missing.value })) { house in
            #expect(try await ask(house, RawClient.get("/ready", key: nil)).text == #"{"status":"ready"}"#)
            missing.change { $0 = ["the engine \"here\" is starting"] }
            let waiting = try await ask(house, RawClient.get("/ready", key: nil))
            #expect(waiting.status == 503)
            #expect(waiting["retry-after"] == "1")
            #expect(
                try JSONDocument(waiting.body).root["waiting_for"]?.elements.map(\.string) == [
                    "the engine \"here\" is starting"
                ])
            missing.change { $0 = [] }
            house.house.gateway.shutdown.drain()
            let draining = try await ask(house, RawClient.get("/ready", key: nil))
            #expect(draining.status == 503)
            #expect(draining.text.contains("shutting down"))
            // Alive it is.
            try await expect(200, house, RawClient.get("/health", key: nil))
        }
    }

    @Test func modelsAreListedInTheCallersShape() async throws {
        let keys = [TestGateway.record(), TestGateway.record("hf_scoped", routes: ["r"])]
        try await TestFrontDoor.with(keys: keys) { house in
            func ids(_ key: String, _ fields: String = "") async throws -> [String?] {
                let answer = try await ask(house, RawClient.get("/v1/models", key: key, fields: fields))
                return try JSONDocument(answer.body).root["data"]?.elements.map { $0["id"]?.string } ?? []
            }
            #expect(try await ids(TestGateway.key) == ["r", "oa/m", "oa/sla/shed"])
            #expect(try await ids("hf_scoped") == ["r"])
            #expect(
                try await ids(TestGateway.key, "anthropic-version: 2023-06-01\r\n") == ["r", "oa/m", "oa/sla/shed"])
            let anthropic = try await ask(
                house, RawClient.get("/v1/models", fields: "anthropic-version: 2023-06-01\r\n"))
            #expect(
                try JSONDocument(anthropic.body).root["data"]?.elements.first { _ in true }?["type"]?.string == "model")
            #expect(anthropic["request-id"] == anthropic["x-request-id"])
        }
    }

    @Test func aModelsNameMayBePercentEncoded() async throws {
        try await TestFrontDoor.with { house in
            for (path, status) in [
                ("r", 200), ("oa/m", 200), ("oa%2Fm", 200), ("oa%2fm?x=y", 200), ("%6F%61/%6d", 200),
                ("oa/sla%2Fshed", 200),
                ("oa%2", 404), ("%", 404), ("oa%zzm", 404), ("oa%+fm", 404), ("", 200), ("%00", 404), ("%ff", 404),
                ("nope", 404),
            ] {
                let answer = try await ask(house, RawClient.get("/v1/models/\(path)"))
                #expect(answer.status == status, "\(path)")
            }
            // "%+5" is no escape, whatever a number parser thinks of it.
            let odd = try await ask(house, RawClient.get("/v1/models/%+7a"))
            #expect(odd.text.contains("%+7a"))
        }
    }

    @Test func metricsAreForWhoMaySeeThem() async throws {
        let keys = [TestGateway.record(), TestGateway.record("hfa_admin", admin: true)]
        let page: @Sendable () -> ByteBuffer = { ByteBuffer(string: "a 1\n") }
        try await TestFrontDoor.with(keys: keys, view: HouseView(unready: { [] }, metrics: page)) { house in
            try await expect(401, house, RawClient.get("/metrics", key: nil))
            try await expect(403, house, RawClient.get("/metrics"))
            let answer = try await ask(house, RawClient.get("/metrics", key: "hfa_admin"))
            #expect(answer.status == 200 && answer.text == "a 1\n")
            #expect(answer["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
        }
        try await TestFrontDoor.with(view: HouseView(unready: { [] }, metrics: page, metricsNeedKey: false)) { house in
            try await expect(200, house, RawClient.get("/metrics", key: nil))
        }
        try await TestFrontDoor.with(keys: keys) { house in
            try await expect(404, house, RawClient.get("/metrics", key: "hfa_admin"))
        }
    }

    @Test func keysThatCountNoMoreAreToldApart() async throws {
        let keys = [
            TestGateway.record("hf_old", expires: UnixTime(seconds: 1_500_000_000)),
            TestGateway.record("hf_gone", revoked: UnixTime(seconds: 1)),
        ]
        try await TestFrontDoor.with(keys: keys) { house in
            for (key, word) in [("hf_old", "expired at 2017-07-14"), ("hf_gone", "revoked"), ("hf_other", "not known")]
            {
                for path in [TestFrontDoor.chat, "/v1/messages"] {
                    let answer = try await ask(house, RawClient.post(path, "{}", key: key))
                    #expect(answer.status == 401)
                    #expect(answer.text.contains(word))
                    #expect(!answer.text.contains(key))
                    #expect(answer["request-id"] == (path == "/v1/messages" ? answer["x-request-id"] : nil))
                }
            }
        }
    }

    @Test func everyDoorAnswersInItsOwnWords() async throws {
        try await TestFrontDoor.with { house in
            let openai = try await ask(
                house, RawClient.post(TestFrontDoor.chat, "{\"model\":\"nope\",\"messages\":[]}"))
            #expect(openai.status == 404)
            #expect(try JSONDocument(openai.body).root["error"]?["code"]?.string == "model_not_found")
            let anthropic = try await ask(
                house, RawClient.post("/v1/messages?beta=true", "{\"model\":\"nope\",\"messages\":[]}"))
            #expect(anthropic.status == 404)
            #expect(try JSONDocument(anthropic.body).root["error"]?["type"]?.string == "not_found_error")
            #expect(try JSONDocument(anthropic.body).root["request_id"]?.string == anthropic["request-id"])
            let counted = try await ask(
                house,
                RawClient.post(
                    "/v1/messages/count_tokens",
                    "{\"model\":\"r\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}"))
            #expect(counted.status == 200, "\(counted.text)")
            #expect(counted["x-holdfast-token-count"] == "estimate")
            #expect((try JSONDocument(counted.body).root["input_tokens"]?.int ?? 0) > 0)
        }
    }

    @Test func onlyCertainFieldsOfACallerGoOn() async throws {
        try await TestFrontDoor.with { house in
            let fields = "OpenAI-Beta: a\r\ncookie: secret\r\nx-forwarded-for: 1.2.3.4\r\nidempotency-key: k\r\n"
            _ = try await ask(
                house, RawClient.post(TestFrontDoor.chat + "?beta=true", TestFrontDoor.body, fields: fields))
            let request = try #require(house.lane.requests.value.first)
            #expect(request.fields.fields.map(\.name).sorted() == ["idempotency-key", "openai-beta"])
            #expect(request.path == "/chat/completions", "a query may hold a key")
        }
    }
}
