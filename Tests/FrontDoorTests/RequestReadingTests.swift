import FrontDoor
import Gateway
import GatewayTesting
import NIOCore
import Testing
import Wire

@Suite struct RequestReadingTests {
    private static let chunked =
        "POST \(TestFrontDoor.chat) HTTP/1.1\r\nhost: x\r\nauthorization: bearer  \(TestGateway.key)\r\n"
        + "transfer-encoding: chunked\r\n\r\n5;x=y\r\n{\"mod\r\n16\r\nel\":\"r\",\"messages\":[]}\r\n0\r\nx-sum: 1\r\n\r\n"

    @Test func aRequestIsTheSameHoweverItIsCut() async throws {
        try await TestFrontDoor.with { house in
            for request in [RawClient.post(TestFrontDoor.chat + "?a=b", TestFrontDoor.body), Self.chunked] {
                let bytes = ByteBuffer(string: request)
                try await house.client { client in
                    for offset in 0...bytes.readableBytes {
                        for piece in bytes.cut(at: offset) {
                            await client.send(piece)
                            // So that they mostly come apart; together they are read the same way.
                            try await Task.sleep(for: .microseconds(200))
                        }
                        let answer = try await client.answer()
                        guard answer.status == 200, answer.text == TestFrontDoor.reply else {
                            Issue.record("cut at \(offset): \(answer.status) \(answer.text)")
                            return
                        }
                    }
                    for byte in bytes.singly { await client.send(byte) }
                    try await client.expect(200)
                }
            }
            let sent = Set(house.lane.requests.value.map { String(buffer: $0.body) })
            #expect(sent == ["{\"model\":\"m\",\"messages\":[]}"])
        }
    }

    @Test func manyRequestsAtOnceAreAnsweredInTheirOrder() async throws {
        try await TestFrontDoor.with(.attemptBased { .json("{\"n\":\($0)}") }) { house in
            try await house.client { client in
                let good = RawClient.post(TestFrontDoor.chat, TestFrontDoor.body)
                let requests = [
                    good, RawClient.get("/health", key: nil), good,
                    RawClient.post(TestFrontDoor.chat, "{}", key: "hf_wrong"),
                    RawClient.post(TestFrontDoor.chat, "nonsense"), good, RawClient.get("/nowhere"), Self.chunked, good,
                ]
                let expected = [200, 200, 200, 401, 400, 200, 404, 200, 200]
                await client.send(requests.joined())
                var numbers: [String] = []
                for status in expected {
                    let answer = try await client.answer()
                    #expect(answer.status == status)
                    if answer.text.hasPrefix("{\"n\"") { numbers.append(answer.text) }
                }
                #expect(numbers == (0..<5).map { "{\"n\":\($0)}" })
                #expect(client.isDrained)
                // And cut anywhere.
                let bytes = ByteBuffer(string: requests.joined())
                for offset in stride(from: 0, to: bytes.readableBytes, by: 37) {
                    for piece in bytes.cut(at: offset) { await client.send(piece) }
                    for status in expected {
                        let answer = try await client.answer()
                        guard answer.status == status else {
                            Issue.record("cut at \(offset): \(answer.status) for \(status)")
                            return
                        }
                    }
                }
            }
        }
    }

    @Test func aHundredRequestsInOneBreath() async throws {
        try await TestFrontDoor.with { house in
            try await house.client { client in
                await client.send(String(repeating: RawClient.post(TestFrontDoor.chat, TestFrontDoor.body), count: 100))
                for _ in 0..<100 { try await client.expect(200) }
                await client.send(String(repeating: RawClient.get("/health", key: nil), count: 1000))
                for _ in 0..<1000 { try await client.expect(200) }
            }
        }
    }

    @Test(arguments: [
        "NONSENSE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /\u{1} HTTP/1.1\r\nhost: x\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}",
        "GET / HTTP/1.1\r\nbad header\r\n\r\n", "GET / HTTP/1.1\r\nx : y\r\n\r\n",
        "POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
        "POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\nhello",
        "POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ])
    func whatIsNoRequestIsToldSoAndTheConnectionEnds(_ bytes: String) async throws {
        try await TestFrontDoor.with { house in
            try await house.client { client in
                await client.send(bytes)
                let answer = try await client.answer()
                #expect(answer.status == 400)
                #expect(answer["connection"] == "close")
                #expect(try JSONDocument(answer.body).root["error"] != nil)
                try await client.closed.until { $0 != nil }
                #expect(client.isDrained)
            }
            // The next caller is unharmed.
            try await house.client { client in
                await client.send(RawClient.post(TestFrontDoor.chat, TestFrontDoor.body))
                try await client.expect(200)
            }
        }
    }

    @Test func aBodyThatIsNoneIsToldSo() async throws {
        try await TestFrontDoor.with { house in
            try await house.client { client in
                await client.send(
                    "POST \(TestFrontDoor.chat) HTTP/1.1\r\nhost: x\r\nx-api-key: \(TestGateway.key)\r\n"
                        + "transfer-encoding: chunked\r\n\r\nnonsense\r\n")
                try await client.expect(400)
                try await client.closed.until { $0 != nil }
            }
            #expect(house.lane.requests.value.isEmpty)
        }
    }

    @Test func headersHaveLimits() async throws {
        let tooMuch = [
            "x: " + String(repeating: "y", count: 64 << 10) + "\r\n",
            String(repeating: "x: " + String(repeating: "y", count: 500) + "\r\n", count: 150),
            (0..<300).map { "x-\($0): y\r\n" }.joined(),
        ]
        try await TestFrontDoor.with { house in
            for fields in tooMuch {
                try await house.client { client in
                    client.push("GET /health HTTP/1.1\r\nhost: x\r\n\(fields)\r\n")
                    let answer = try await client.answer()
                    #expect(answer.status == 431, "\(fields.utf8.count) bytes")
                    #expect(answer["connection"] == "close")
                    try await client.closed.until { $0 != nil }
                }
            }
            try await house.client { client in
                client.push("GET /" + String(repeating: "x", count: 64 << 10) + " HTTP/1.1\r\nhost: x\r\n\r\n")
                let answer = try await client.answer()
                #expect((400..<500).contains(answer.status))
                try await client.closed.until { $0 != nil }
            }
            // What is just below them is taken.
            try await house.client { client in
                await client.send(
                    RawClient.get("/health", fields: "x: " + String(repeating: "y", count: 30 << 10) + "\r\n"))
                try await client.expect(200)
            }
        }
    }

    @Test func theKeyIsTakenFromEitherField() async throws {
        try await TestFrontDoor.with { house in
            try await house.client { client in
                for (fields, status) in [
                    ("x-api-key: \(TestGateway.key)\r\n", 200), ("X-API-KEY: \(TestGateway.key)\r\n", 200),
                    ("authorization: Bearer \(TestGateway.key)\r\n", 200),
                    ("authorization: BEARER   \(TestGateway.key)\r\n", 200),
                    ("x-api-key: dummy\r\nauthorization: Bearer \(TestGateway.key)\r\n", 200),
                    ("x-api-key: \(TestGateway.key)\r\nauthorization: Bearer dummy\r\n", 200),
                    ("authorization: Basic \(TestGateway.key)\r\n", 401),
                    ("authorization: \(TestGateway.key)\r\n", 401),
                    ("authorization: Bearer\r\n", 401), ("authorization: Bearer  \r\n", 401), ("x-api-key:\r\n", 401),
                    ("x-api-key: \(String(repeating: "x", count: 10_000))\r\n", 401), ("", 401),
                ] {
                    await client.send(RawClient.get("/v1/models", key: nil, fields: fields))
                    try await client.expect(status, "\(fields.prefix(60))")
                }
            }
        }
    }
}
