import FrontDoor
import Gateway
import GatewayTesting
import NIOCore
import NIOHTTP1
import Testing
import Wire

/// The unusual things that honest clients send, and the attempts of strangers.
@Suite struct EdgeTests {
    private static let offers = [
        "connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n",
        "connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\n",
        "Connection: keep-alive, Upgrade\r\nUPGRADE: TLS/1.0, anything\r\n",
    ]

    @Test(arguments: offers) func anOfferToChangeTheProtocolIsNotTakenUp(_ offer: String) async throws {
        try await TestFrontDoor.with(
            .attemptBased { $0 % 2 == 0 ? .json(TestFrontDoor.reply) : .events([TestFrontDoor.end]) }
        ) {
            house in
            try await house.client { client in
                for body in [TestFrontDoor.body, TestFrontDoor.streaming, TestFrontDoor.body, TestFrontDoor.streaming] {
                    await client.send(RawClient.post(TestFrontDoor.chat, body, fields: offer))
                    try await client.expect(200)
                    let chunked =
                        "POST \(TestFrontDoor.chat) HTTP/1.1\r\nhost: x\r\nx-api-key: \(TestGateway.key)\r\n\(offer)"
                        + "transfer-encoding: chunked\r\n\r\n\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
                    await client.send(chunked)
                    try await client.expect(200)
                    await client.send(RawClient.get("/v1/models", fields: offer))
                    let answer = try await client.expect(200)
                    #expect(answer.isReusable)
                }
                // Also where nobody is let in.
                await client.send(RawClient.get("/v1/models", key: "no", fields: offer))
                try await client.expect(401)
                await client.send(RawClient.get("/health"))
                try await client.expect(200)
            }
        }
    }

    @Test(arguments: [TestGateway.key, "wrong"]) func noTunnelIsOpened(_ key: String) async throws {
        try await TestFrontDoor.with { house in
            try await house.client { client in
                await client.send(
                    "CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\nx-api-key: \(key)\r\n\r\n"
                        + RawClient.get("/health"))
                let answer = try await client.answer()
                #expect(answer.status == 405)
                #expect(answer["connection"] == "close")
                #expect(answer.text.contains("no proxy"))
                try await client.closed.until { $0 != nil }
                #expect(client.isDrained)
            }
        }
    }

    @Test(arguments: [
        "http://gateway.example/v1/models", "HTTP://gateway.example:8080/v1/models",
        "https://[::1]:8080/v1/models?limit=1",
        "/v1/models?limit=1",
    ])
    func aTargetMayNameItsHost(_ target: String) async throws {
        try await TestFrontDoor.with { house in
            try await house.client { client in
                await client.send(RawClient.get(target))
                try await client.expect(200)
                await client.send(RawClient.get(target, method: "HEAD"))
                let answer = try await client.answer(hasBody: false)
                #expect(answer.status == 200)
                await client.send(RawClient.get("http://gateway.example?x=y", key: nil))
                try await client.expect(200)
            }
        }
    }

    @Test func targetsAreTakenApart() {
        for (uri, path, query, authority) in [
            ("/a/b?c=d?e", "/a/b", "c=d?e", nil), ("/", "/", "", nil), ("http://h", "/", "", "h"),
            ("http://h?q", "/", "q", "h"), ("hTTps://h:1/p?q", "/p", "q", "h:1"), ("*", "*", "", nil),
            ("http:/x", "http:/x", "", nil), ("//h/p", "//h/p", "", nil), ("", "", "", nil),
        ] as [(String, String, String, Substring?)] {
            let target = RequestTarget(uri)
            #expect(target.path == path && target.query == query && target.authority == authority, "\(uri)")
        }
    }

    @Test func whateverIsGoodAmongTheKeysCounts() async throws {
        try await TestFrontDoor.with { house in
            let good = TestGateway.key
            try await house.client { client in
                for (fields, status) in [
                    ("x-api-key: \r\nauthorization: Bearer \(good)\r\n", 200),
                    ("authorization: Bearer \r\nx-api-key: \(good)\r\n", 200),
                    ("authorization: Basic eDp5\r\nx-api-key: \(good)\r\n", 200),
                    ("authorization: Bearer one\r\nauthorization: Bearer \(good)\r\n", 200),
                    ("x-api-key: one\r\nx-api-key: \(good)\r\n", 200),
                    ("x-api-key: one\r\nx-api-key: two\r\nauthorization: Bearer \(good)\r\n", 200),
                    ("x-api-key: \r\nauthorization: Bearer \r\n", 401),
                    ("x-api-key: one\r\nauthorization: Bearer two\r\n", 401),
                    (String(repeating: "x-api-key: one\r\n", count: 100), 401),
                ] {
                    await client.send(RawClient.get("/v1/models", key: nil, fields: fields))
                    try await client.expect(status, "\(fields)")
                }
            }
        }
    }

    @Test(arguments: ["/", "/health", "/ready", "/status", "/v1/models"]) func headHasNoBody(_ path: String)
        async throws
    {
        let view = HouseView(unready: { [] }, status: { _ in ByteBuffer(string: "fine") })
        try await TestFrontDoor.with(view: view) { house in
            try await house.client { client in
                for _ in 0..<2 {
                    await client.send(RawClient.get(path, method: "HEAD"))
                    let answer = try await client.answer(hasBody: false)
                    #expect(answer.status == 200 && answer["content-length"] != "0")
                }
                await client.send(RawClient.get(path))
                try await client.expect(200)
            }
        }
    }

    // MARK: Browsers

    private static let page = "https://app.example"

    @Test func listedPagesMayUseIt() async throws {
        try await TestFrontDoor.with(origins: OriginRules(origins: [Self.page])) { house in
            try await house.client { client in
                await client.send(
                    RawClient.get(
                        TestFrontDoor.chat, key: nil, method: "OPTIONS",
                        fields: "origin: \(Self.page)\r\naccess-control-request-method: POST\r\n"
                            + "access-control-request-headers: authorization, X-Stainless-Lang, b@d\r\n"))
                let preflight = try await client.answer(hasBody: false)
                #expect(preflight.status == 204)
                #expect(preflight["access-control-allow-origin"] == Self.page)
                let allowed = preflight["access-control-allow-headers"] ?? ""
                #expect(allowed.contains("x-stainless-lang") && allowed.contains("x-api-key") && !allowed.contains("@"))
                #expect(preflight["access-control-allow-credentials"] == nil)
                for request in [
                    RawClient.post(TestFrontDoor.chat, TestFrontDoor.body, fields: "Origin: \(Self.page)\r\n"),
                    RawClient.post(TestFrontDoor.chat, "{}", fields: "Origin: \(Self.page)\r\n"),
                    RawClient.get("/v1/models", key: "no", fields: "Origin: \(Self.page)\r\n"),
                ] {
                    await client.send(request)
                    let answer = try await client.answer()
                    #expect(answer["access-control-allow-origin"] == Self.page, "\(answer.status)")
                    #expect(answer["vary"] == "Origin")
                    #expect(answer["access-control-expose-headers"]?.contains("x-request-id") == true)
                }
                // Others get their answer, and the browser keeps it from them.
                await client.send(RawClient.get("/v1/models", fields: "Origin: https://evil.example\r\n"))
                let other = try await client.expect(200)
                #expect(other["access-control-allow-origin"] == nil && other["vary"] == "Origin")
                await client.send(
                    RawClient.get(
                        TestFrontDoor.chat, key: nil, method: "OPTIONS",
                        fields: "origin: https://evil.example\r\naccess-control-request-method: POST\r\n"))
                #expect(try await client.answer()["access-control-allow-origin"] == nil)
            }
        }
    }

    @Test func withoutTheSettingNothingIsSaidOfOrigins() async throws {
        try await TestFrontDoor.with { house in
            try await house.client { client in
                await client.send(RawClient.get("/v1/models", fields: "Origin: \(Self.page)\r\n"))
                let answer = try await client.expect(200)
                #expect(answer["access-control-allow-origin"] == nil && answer["vary"] == nil)
            }
        }
    }

    @Test(
        arguments: [
            ("localhost", nil, true), ("127.0.0.1:8080", nil, true), ("[::1]:8080", nil, true),
            ("me.localhost", nil, true),
            ("127.1.2.3", nil, true), ("LocalHost:80", nil, true), ("box.lan:8080", nil, true),
            ("localhost.", nil, true),
            ("evil.example", nil, false), ("localhost.evil.example", nil, false),
            ("127.0.0.1.evil.example", nil, false),
            ("localhost:80@evil.example", nil, false), ("evil.example:8080", nil, false), ("", nil, false),
            ("[::1].evil.example", nil, false), ("127.0.0.+1", nil, false),
            ("localhost", "http://localhost:3000", true), ("localhost", "https://app.example", true),
            ("localhost", "http://box.lan", true), ("localhost", "https://evil.example", false),
            ("localhost", "null", false), ("localhost", "http://localhost.evil.example", false),
            ("localhost", "file://", false), ("localhost", "", false),
        ] as [(String, String?, Bool)])
    func withoutKeysOnlyKnownNamesAreServed(_ host: String, _ origin: String?, _ isServed: Bool) {
        let rules = OriginRules(origins: ["https://app.example"], hosts: ["box.lan"])
        var headers = HTTPHeaders([("host", host)])
        if let origin { headers.add(name: "origin", value: origin) }
        #expect((rules.objection(to: headers, authority: nil) == nil) == isServed)
    }

    @Test func aNameThatIsNotKnownIsRefusedWithAWord() async throws {
        try await TestFrontDoor.with(origins: OriginRules(hosts: [])) { house in
            try await house.client { client in
                for request in [
                    "GET /v1/models HTTP/1.1\r\nhost: evil.example\r\n\r\n",
                    "GET http://evil.example/v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n",
                    "GET /v1/models HTTP/1.1\r\nhost: localhost\r\norigin: https://evil.example\r\n\r\n",
                    "GET /v1/models HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\n\r\n",
                ] {
                    await client.send(request)
                    let answer = try await client.expect(403)
                    #expect(answer.text.contains("hosts"))
                }
                await client.send("GET /health HTTP/1.1\r\nhost: localhost:1\r\n\r\n")
                try await client.expect(200)
            }
        }
    }

    // MARK: What costs memory

    @Test func nothingMoreIsServedToWhoReadsNothing() async throws {
        let asked = Watched(0)
        let page = ByteBuffer(string: String(repeating: "x", count: 10_000))
        let view = HouseView(
            unready: { [] },
            status: { _ in
                asked.change { $0 += 1 }
                return page
            })
        try await TestFrontDoor.with(view: view) { house in
            try await house.client { client in
                try await client.stopReading()
                // 40 MB of answers.
                for _ in 0..<40 { client.push(String(repeating: RawClient.get("/status", key: nil), count: 100)) }
                try await asked.until { $0 > 0 }
                // Meanwhile the listener would have answered them all.
                for _ in 0..<10 {
                    try await house.client { other in
                        await other.send(String(repeating: RawClient.get("/health", key: nil), count: 200))
                        for _ in 0..<200 { try await other.expect(200) }
                    }
                }
                // Kernels take some; of ours it is next to nothing.
                #expect(asked.value < 3000)
                try await client.goOnReading()
                for _ in 0..<4000 { try await client.expect(200) }
            }
        }
    }

    @Test func largeBodiesAreReadElsewhere() async throws {
        let pool = HeavyPool(threads: 1)
        try await TestFrontDoor.with(limits: { $0.body = 8 << 20 }, pool: pool) { house in
            try await house.client { client in
                for size in [100, 30_000, 3 << 20, 5 << 20] {
                    let text = String(repeating: "x", count: size)
                    let before = pool.finished
                    client.push(
                        RawClient.post(TestFrontDoor.chat, "{\"model\":\"r\",\"messages\":[],\"x\":\"\(text)\"}"))
                    try await client.expect(200)
                    #expect((pool.finished > before) == (size > 1 << 20), "\(size)")
                }
            }
        }
    }

    private struct FullPool: WorkerPool {
        func submit(_ work: @escaping @Sendable () -> Void) -> Bool { false }
    }

    @Test func moreLargeBodiesThanMayWaitAreRefused() async throws {
        try await TestFrontDoor.with(limits: { $0.body = 8 << 20 }, pool: FullPool()) { house in
            try await house.client { client in
                let text = String(repeating: "x", count: 2 << 20)
                client.push(RawClient.post(TestFrontDoor.chat, "{\"model\":\"r\",\"messages\":[],\"x\":\"\(text)\"}"))
                let answer = try await client.expect(503)
                #expect(answer["retry-after"] == "1")
                await client.send(RawClient.post(TestFrontDoor.chat, TestFrontDoor.body))
                try await client.expect(200)
            }
        }
    }

    @Test func anAnswerForWhichThereIsNoRoomIsRefusedBeforeItBegins() async throws {
        let large = "{\"x\":\"" + String(repeating: "y", count: 3 << 20) + "\"}"
        let unread = UnreadAnswers(limit: 1 << 20, minimumRate: 1024)
        try await TestFrontDoor.with(.json(large), unread: unread) { house in
            try await house.client { client in
                for path in [TestFrontDoor.chat, TestFrontDoor.chat] {
                    await client.send(RawClient.post(path, TestFrontDoor.body))
                    let answer = try await client.expect(503)
                    #expect(answer.text.contains("answers_unread"))
                }
                #expect(unread.answersRefused == 2)
                house.lane.replay(.json(TestFrontDoor.reply))
                await client.send(RawClient.post(TestFrontDoor.chat, TestFrontDoor.body))
                try await client.expect(200)
            }
            #expect(unread.waiting == 0)
        }
    }

    // MARK: What costs time

    private static func quick(_ limits: inout ConnectionLimits) {
        limits.requestTimeout = .seconds(1)
        limits.minimumRate = 1000
        limits.tick = .milliseconds(50)
    }

    @Test func aBodyThatDribblesIsCut() async throws {
        try await TestFrontDoor.with(limits: Self.quick) { house in
            try await house.client { client in
                await client.send(
                    "POST \(TestFrontDoor.chat) HTTP/1.1\r\nhost: x\r\nx-api-key: \(TestGateway.key)\r\n"
                        + "content-length: 90000\r\n\r\n")
                while client.closed.value == nil {
                    await client.send(" ")
                    try await Task.sleep(for: .milliseconds(20))
                }
                let answer = try await client.answer()
                #expect(answer.status == 400 && answer.text.contains("in time"))
            }
        }
    }

    @Test func aSlowBodyIsTaken() async throws {
        try await TestFrontDoor.with(limits: {
            Self.quick(&$0)
            $0.minimumRate = 1
        }) { house in
            try await house.client { client in
                let request = ByteBuffer(string: RawClient.post(TestFrontDoor.chat, TestFrontDoor.body))
                // A head has a time of its own.
                let parts = request.cut(at: request.readableBytes - TestFrontDoor.body.utf8.count)
                await client.send(parts[0])
                // The slow body: ten times the least rate, and longer than the first look at it.
                for piece in parts[1].singly {
                    await client.send(piece)
                    try await Task.sleep(for: .milliseconds(100))
                }
                try await client.expect(200)
            }
        }
    }

    @Test(arguments: ["x", "\r\n", "x: y\r\n"]) func aSecondHeadThatNeverEndsIsCut(_ piece: String) async throws {
        try await TestFrontDoor.with(limits: Self.quick) { house in
            try await house.client { client in
                await client.send(RawClient.get("/health"))
                try await client.expect(200)
                await client.send(piece == "\r\n" ? "" : "GET /health HTTP/1.1\r\n")
                // Empty lines before a head are no head.
                let most = piece == "\r\n" ? 100 : Int.max
                var sent = 0
                while client.closed.value == nil, sent < most {
                    await client.send(piece)
                    sent += 1
                    try await Task.sleep(for: .milliseconds(20))
                }
                #expect((client.closed.value == nil) == (piece == "\r\n"))
            }
        }
    }
}
