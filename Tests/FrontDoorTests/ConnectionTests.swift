import FrontDoor
import Gateway
import GatewayTesting
import Glibc
import Logging
import NIOCore
import NIOPosix
import Testing
import Wire

@Suite struct ConnectionTests {
    @Test func aConnectionStaysAfterEveryKindOfAnswer() async throws {
        let stream = ReplayLane.Script.events([TestFrontDoor.event, TestFrontDoor.end])
        let scripts: [ReplayLane.Script] = [
            .json(TestFrontDoor.reply), stream, .breaking(.cut, after: .events([TestFrontDoor.event])), .events([]),
            .failing(.connectTimeout), .json("{}", status: 500), .answer(status: 304, []),
        ]
        try await TestFrontDoor.with(.attemptBased { scripts[$0 % scripts.count] }) { house in
            try await house.client { client in
                for round in 0..<scripts.count * 3 {
                    let isStream = (1...3).contains(round % scripts.count)
                    await client.send(
                        RawClient.post(TestFrontDoor.chat, isStream ? TestFrontDoor.streaming : TestFrontDoor.body))
                    let answer = try await client.answer()
                    #expect(answer.isReusable, "round \(round): \(answer.status)")
                    #expect(answer["date"]?.hasSuffix(" GMT") == true)
                }
                let others = [
                    (RawClient.get("/health"), 200), (RawClient.get("/ready"), 200), (RawClient.get("/v1/models"), 200),
                    (RawClient.get("/v1/models/nope"), 404), (RawClient.get("/nowhere"), 404),
                    (RawClient.get(TestFrontDoor.chat), 405),
                    (RawClient.post("/v1/models", "{}"), 405),
                    (RawClient.post(TestFrontDoor.chat, "{}", key: "no"), 401),
                    (RawClient.post("/v1/messages", "{}"), 400), (RawClient.post("/v1/embeddings", "{"), 400),
                ]
                for (request, status) in others + others {
                    await client.send(request)
                    let answer = try await client.answer()
                    #expect(answer.status == status && answer.isReusable, "\(request.prefix(40))")
                    #expect(answer["x-request-id"]?.hasPrefix("req_") == true)
                }
                #expect(client.isDrained && client.closed.value == nil)
            }
        }
    }

    /// The kernel would hold back a stream's small pieces until the one before
    /// is acknowledged.
    @Test func whatIsWrittenToACallerLeavesAtOnce() async throws {
        try await TestFrontDoor.with { house in
            let options = Watched<[CInt]?>(nil)
            let server = try await ServerBootstrap(group: TestFrontDoor.group)
                .childChannelInitializer { channel in
                    house.listener.setup(channel: channel, logger: Logger(label: "tests")).flatMap { _ in
                        channel.getOption(.tcpOption(.tcp_nodelay))
                            .and(channel.getOption(.socketOption(.init(rawValue: SO_DEBUG))))
                            .map { values in
                                options.change {
                                    $0 = [CInt(truncatingIfNeeded: values.0), CInt(truncatingIfNeeded: values.1)]
                                }
                            }
                    }
                }.bind(host: "127.0.0.1", port: 0).get()
            try await RawClient.with(try #require(server.localAddress?.port)) { client in
                await client.send(RawClient.get("/health"))
                try await client.expect(200)
            }
            let found = try #require(options.value)
            #expect(found[0] != 0 && found[1] == 0, "\(found)")
            try await server.close()
        }
    }

    @Test func aRefusalDoesNotWaitForTheBody() async throws {
        try await TestFrontDoor.with { house in
            try await house.client { client in
                let request = ByteBuffer(
                    string: RawClient.post(TestFrontDoor.chat, TestFrontDoor.body, key: "hf_wrong"))
                let head = request.readableBytes - TestFrontDoor.body.utf8.count
                await client.send(request.cut(at: head)[0])
                try await client.expect(401)
                // The body comes after all, and the connection serves on.
                await client.send(request.cut(at: head)[1])
                await client.send(RawClient.post(TestFrontDoor.chat, TestFrontDoor.body))
                try await client.expect(200)
            }
        }
    }

    @Test func aBodyOverTheLimitIsRefusedByItsLength() async throws {
        try await TestFrontDoor.with { house in
            for path in [TestFrontDoor.chat, "/v1/messages"] {
                try await house.client { client in
                    await client.send(
                        "POST \(path) HTTP/1.1\r\nhost: x\r\nx-api-key: \(TestGateway.key)\r\ncontent-length: 100001\r\n\r\n"
                    )
                    let answer = try await client.answer()
                    #expect(answer.status == 413)
                    #expect(answer["connection"] == "close")
                    // Whoever sends it all the same gets to read the answer.
                    await client.send(String(repeating: "x", count: 100_001))
                    try await client.closed.until { $0 != nil }
                }
            }
            try await house.client { client in
                let body = "{\"model\":\"r\",\"x\":\"" + String(repeating: "x", count: 100_000 - 20) + "\"}"
                #expect(body.utf8.count == 100_000)
                await client.send(RawClient.post(TestFrontDoor.chat, body))
                try await client.expect(200)
            }
        }
    }

    @Test func aBodyOverTheLimitIsRefusedByCounting() async throws {
        try await TestFrontDoor.with { house in
            try await house.client { client in
                await client.send(
                    "POST \(TestFrontDoor.chat) HTTP/1.1\r\nhost: x\r\nx-api-key: \(TestGateway.key)\r\ntransfer-encoding: chunked\r\n\r\n"
                )
                let chunk = "2710\r\n" + String(repeating: "x", count: 10_000) + "\r\n"
                for _ in 0..<10 { await client.send(chunk) }
                #expect(client.isDrained)
                await client.send(chunk)
                let answer = try await client.answer()
                #expect(answer.status == 413)
                #expect(answer["connection"] == "close")
                for _ in 0..<20 { await client.send(chunk) }
                await client.send("0\r\n\r\n")
                try await client.closed.until { $0 != nil }
            }
            #expect(house.lane.requests.value.isEmpty)
        }
    }

    @Test func whatIsSwallowedHasALimit() async throws {
        try await TestFrontDoor.with(limits: { $0.swallow = 50_000 }) { house in
            try await house.client { client in
                await client.send(
                    "POST \(TestFrontDoor.chat) HTTP/1.1\r\nhost: x\r\nx-api-key: no\r\ncontent-length: 90000\r\n\r\n")
                try await client.expect(401)
                client.push(String(repeating: "x", count: 80_000))
                try await client.closed.until { $0 != nil }
            }
        }
    }

    @Test func aLargeAnswerArrivesWholeBeforeTheConnectionEnds() async throws {
        let text = "{\"x\":\"" + String(repeating: "0123456789abcdef", count: 1 << 19) + "\"}"
        try await TestFrontDoor.with(.json(text)) { house in
            for fields in ["connection: close\r\n", ""] {
                try await house.client { client in
                    try await client.stopReading()
                    let count = house.lane.endings.value.count + 1
                    await client.send(RawClient.post(TestFrontDoor.chat, TestFrontDoor.body, fields: fields))
                    _ = try await house.ended(count)
                    try await client.goOnReading()
                    let answer = try await client.answer()
                    #expect(answer.body.readableBytes == text.utf8.count)
                }
            }
            // Nor is the tail of a stream lost on an HTTP/1.0 caller.
            let big = ByteBuffer(string: ": " + String(repeating: "x", count: 50_000) + "\n\n")
            house.lane.replay(.events(Array(repeating: big, count: 100) + [TestFrontDoor.end]))
            try await house.client { client in
                try await client.stopReading()
                await client.send(
                    "POST \(TestFrontDoor.chat) HTTP/1.0\r\nx-api-key: \(TestGateway.key)\r\n"
                        + "content-length: \(TestFrontDoor.streaming.utf8.count)\r\n\r\n\(TestFrontDoor.streaming)")
                try await house.lane.requests.until { $0.count == 3 }
                try await client.goOnReading()
                let answer = try await client.answer()
                #expect(answer.body.readableBytes == 100 * big.readableBytes + TestFrontDoor.end.readableBytes)
            }
        }
    }

    @Test func http10GetsItsAnswersAndItsEnd() async throws {
        let stream = ReplayLane.Script.events([TestFrontDoor.event, TestFrontDoor.end])
        try await TestFrontDoor.with(.attemptBased { $0 % 2 == 0 ? .json(TestFrontDoor.reply) : stream }) { house in
            for body in [TestFrontDoor.body, TestFrontDoor.streaming] {
                try await house.client { client in
                    await client.send(
                        "POST \(TestFrontDoor.chat) HTTP/1.0\r\nx-api-key: \(TestGateway.key)\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
                    )
                    let answer = try await client.answer()
                    #expect(answer.status == 200)
                    #expect(answer["connection"] == "close")
                    #expect(answer["transfer-encoding"] == nil)
                    #expect(answer.text == TestFrontDoor.reply || answer.text.hasSuffix("data: [DONE]\n\n"))
                    try await client.closed.until { $0 != nil }
                }
            }
        }
    }

    @Test func whoAsksBeforeSendingIsToldToGoOn() async throws {
        try await TestFrontDoor.with { house in
            func head(_ key: String, _ count: Int) -> String {
                "POST \(TestFrontDoor.chat) HTTP/1.1\r\nhost: x\r\nx-api-key: \(key)\r\nexpect: 100-continue\r\ncontent-length: \(count)\r\n\r\n"
            }
            try await house.client { client in
                for _ in 0..<3 {
                    let before = client.received.value.readableBytes
                    await client.send(head(TestGateway.key, TestFrontDoor.body.utf8.count))
                    let word = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")
                    try await client.received.until {
                        $0.getSlice(at: before, length: $0.readableBytes - before) == word
                    }
                    await client.send(TestFrontDoor.body)
                    try await client.expect(200)
                }
            }
            // Who is refused is not told to send, and need not.
            for (key, count, status) in [("no", 10, 401), (TestGateway.key, 1 << 20, 413)] {
                try await house.client { client in
                    await client.send(head(key, count))
                    let answer = try await client.expect(status)
                    #expect(!String(buffer: client.received.value).contains("100 Continue"))
                    // Whether the body comes is not known: only a new
                    // connection is safe for the next request.
                    #expect(answer["connection"] == "close")
                }
            }
        }
    }

    private static let half = RawClient.post(TestFrontDoor.chat, TestFrontDoor.body).dropLast(3)
    static let silences: [(String, Int?)] = [
        ("", nil), ("POST /v1/mess", nil), (String(half), 400),
        (RawClient.post(TestFrontDoor.chat, TestFrontDoor.body), 200),
        (RawClient.get("/health"), 200),
        ("POST \(TestFrontDoor.chat) HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n", 401),
    ]

    @Test(arguments: silences) func callersThatSayNothingAreShownOut(_ bytes: String, _ status: Int?) async throws {
        try await TestFrontDoor.with(limits: { limits in
            // Long enough for a busy machine to send a request meanwhile.
            limits.requestTimeout = .seconds(3)
            limits.idleTimeout = .seconds(1)
            limits.swallowTimeout = .seconds(1)
            limits.tick = .milliseconds(50)
        }) { house in
            try await house.client { client in
                await client.send(bytes)
                if let status { try await client.expect(status) }
                try await client.closed.until { $0 != nil }
                #expect(client.isDrained)
            }
        }
    }

    @Test func aWaitingCallerIsNotShownOut() async throws {
        let gate = Watched(false)
        try await TestFrontDoor.with(
            .gated(gate, after: .events([TestFrontDoor.event]), then: [TestFrontDoor.end]),
            limits: { limits in
                limits.requestTimeout = .seconds(1)
                limits.idleTimeout = .seconds(1)
                limits.tick = .milliseconds(50)
            }
        ) { house in
            try await house.client { client in
                await client.send(RawClient.post(TestFrontDoor.chat, TestFrontDoor.streaming))
                try await client.received.until { String(buffer: $0).contains("content") }
                // Meanwhile somebody who came later, and says nothing, is.
                _ = try await house.client { silent in try await silent.closed.until { $0 != nil } }
                #expect(client.closed.value == nil)
                gate.change { $0 = true }
                #expect(try await client.answer().text.hasSuffix("data: [DONE]\n\n"))
            }
        }
    }

    @Test func manyCallersAtOnce() async throws {
        try await TestFrontDoor.with(
            .attemptBased {
                $0 % 3 == 0 ? .events([TestFrontDoor.event, TestFrontDoor.end]) : .events([TestFrontDoor.end])
            }
        ) { house in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        try await house.client { client in
                            for _ in 0..<5 {
                                await client.send(RawClient.post(TestFrontDoor.chat, TestFrontDoor.streaming))
                                let answer = try await client.answer()
                                #expect(answer.status == 200 && answer.text.hasSuffix("data: [DONE]\n\n"))
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(house.house.book.records.value.count == 1000)
        }
    }
}
