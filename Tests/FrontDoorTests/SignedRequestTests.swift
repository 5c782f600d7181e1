import AWSSigning
import Access
import Encodings
import FrontDoor
import Gateway
import GatewayTesting
import NIOCore
import Seeded
import Testing
import Wire

/// Requests that are signed (SigV4): by the head alone, then with the body, then
/// the gateway.
@Suite struct SignedRequestTests {
    private static let reply =
        #"{"id":"1","choices":[{"index":0,"message":{"role":"assistant","content":"Hi!"},"finish_reason":"stop"}],"#
        + #""usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#
    private static let body = #"{"say":[{"me":"hello"}]}"#
    private static let target = "/mini/r/ask"

    private func with(
        _ keys: [KeyRecord], unproven: UnprovenBodies = UnprovenBodies(bodies: 64 << 20),
        serverKeys: ServerKeys = SignedCaller.serverKeys, _ body: (TestFrontDoor) async throws -> Void
    ) async throws {
        try await TestFrontDoor.with(
            .json(Self.reply), keys: keys, serverKeys: serverKeys, unproven: unproven,
            more: [Door(MiniDialect())]
        ) { try await body($0) }
    }

    private func ask(_ house: TestFrontDoor, _ request: String) async throws -> RawClient.Answer {
        try await house.client { client in
            await client.send(request)
            return try await client.answer()
        }
    }

    private func expect(
        _ status: Int, _ house: TestFrontDoor, _ request: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let answer = try await ask(house, request)
        #expect(answer.status == status, "\(answer.text)", sourceLocation: sourceLocation)
    }

    /// Asks, and looks that it was refused with nothing of it behind the door.
    private func refuse(
        _ house: TestFrontDoor, _ request: String, _ status: Int, _ code: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let answer = try await ask(house, request)
        #expect(answer.status == status, "\(answer.text)", sourceLocation: sourceLocation)
        #expect(answer["x-mini-error"] == code, "\(answer.text)", sourceLocation: sourceLocation)
        #expect(house.lane.requests.value.isEmpty, sourceLocation: sourceLocation)
    }

    // MARK: Let in

    @Test(
        "what is signed is what is served, in the spelling that came",
        arguments: [
            "/mini/r/ask", "/mini/%72/ask", "/mini/oa%2Fm/ask", "/mini/r/ask?b=2&a=1&a=0", "/mini/r/ask?x=%20y",
            "/mini/arn%3Aaws%3Abedrock%3Aholdfast%3A%3Afoundation-model%2Fr/ask",
        ])
    func isServed(_ target: String) async throws {
        let caller = SignedCaller()
        try await with([caller.record()]) { house in
            let answer = try await ask(house, caller.request(target, body: Self.body))
            #expect(answer.status == 200, "\(answer.text)")
            #expect(house.lane.requests.value.count == 1)
        }
    }

    @Test func aBodyInPiecesIsWaitedFor() async throws {
        let caller = SignedCaller()
        try await with([caller.record()]) { house in
            try await house.client { client in
                let text = caller.request(Self.target, body: Self.body)
                let half = text.index(text.endIndex, offsetBy: -10)
                await client.send(String(text[..<half]))
                await client.send(String(text[half...]))
                try await client.expect(200)
                // The connection goes on, also after a refusal.
                await client.send(caller.request(Self.target, body: Self.body).replacing("hello", with: "hallo"))
                try await client.expect(401)
                await client.send(caller.request(Self.target, body: Self.body))
                try await client.expect(200)
            }
            #expect(house.lane.requests.value.count == 2)
        }
    }

    @Test func listsAreSignedWithoutABody() async throws {
        var caller = SignedCaller()
        caller.method = "GET"
        try await with([caller.record()]) { house in
            let fields = caller.head("/v1/models", body: "")
            let text = caller.text("/v1/models", fields, body: "", length: false)
            try await expect(200, house, text)
            try await expect(401, house, text.replacing("/v1/models", with: "/v1/models/r"))
        }
    }

    @Test func aPresentedKeyCountsBesideASignature() async throws {
        let stranger = SignedCaller()
        try await with([TestGateway.record()]) { house in
            var fields = stranger.head(Self.target, body: Self.body)
            fields.append("x-api-key", TestGateway.key)
            try await expect(200, house, stranger.text(Self.target, fields, body: Self.body))
        }
    }

    @Test func theLimitsOfTheKeyHold() async throws {
        let caller = SignedCaller()
        let record = caller.record { ($0.routes, $0.limits) = (["r"], RateLimits(requestsPerMinute: 2)) }
        try await with([record]) { house in
            try await expect(403, house, caller.request("/mini/oa%2Fm/ask", body: Self.body))
            try await expect(200, house, caller.request(Self.target, body: Self.body))
            try await expect(429, house, caller.request(Self.target, body: Self.body))
        }
    }

    // MARK: Refused by the head

    @Test(
        "a head that can't be good never gets to send a body",
        arguments: ["unknown", "revoked", "expired", "late", "early", "service", "token", "unready"])
    func byTheHeadAlone(_ fault: String) async throws {
        var caller = SignedCaller()
        var record = caller.record()
        var serverKeys = SignedCaller.serverKeys
        var expected = (401, "invalid_api_key")
        switch fault {
        case "unknown": record = SignedCaller().record()
        case "revoked": record.revoked = TestGateway.year2020
        case "expired": (record.expires, expected.1) = (TestGateway.year2020, "expired_key")
        case "late": (caller.now, expected.1) = (caller.now - 301, "invalid_signature")
        case "early": (caller.now, expected.1) = (caller.now + 301, "invalid_signature")
        case "service": (caller.service, expected.1) = ("s3", "invalid_signature")
        case "token": caller.sessionToken = "t"
        default: (serverKeys, expected) = (ServerKeys(), (503, "server_key_missing"))
        }
        let head = caller.head(Self.target, body: Self.body)
        let text = caller.text(Self.target, head, body: Self.body)
        try await with([record], serverKeys: serverKeys) { house in
            // Without a byte of the body.
            try await refuse(house, String(text.dropLast(Self.body.count)), expected.0, expected.1)
        }
    }

    @Test(arguments: [-300, 300])
    func aClockMayBeFiveMinutesOff(_ seconds: Int) async throws {
        var caller = SignedCaller()
        caller.now += seconds
        try await with([caller.record()]) { house in
            try await expect(200, house, caller.request(Self.target, body: Self.body))
        }
    }

    @Test func aBodyNeedsItsLength() async throws {
        let caller = SignedCaller()
        try await with([caller.record()]) { house in
            let fields = caller.head(Self.target, body: Self.body)
            let chunked = caller.text(Self.target, fields, body: "", length: false).replacing(
                "\r\n\r\n", with: "\r\ntransfer-encoding: chunked\r\n\r\n")
            try await refuse(house, chunked, 400, "missing_content_length")
            try await refuse(
                house, caller.text(Self.target, fields, body: "", length: false), 400, "missing_content_length")
        }
    }

    @Test(
        "forms of signing that can't be checked are refused",
        arguments: [
            ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", 403, "unsupported_signature"),
            ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", 403, "unsupported_signature"),
            ("unsigned-payload", 401, "incomplete_signature"), ("", 401, "incomplete_signature"),
        ])
    func payloads(_ word: String, _ status: Int, _ code: String) async throws {
        let caller = SignedCaller()
        try await with([caller.record()]) { house in
            let request = caller.request(Self.target, body: Self.body, fields: [("x-amz-content-sha256", word)])
            try await refuse(house, request, status, code)
        }
    }

    @Test func anUnsignedPayloadIsTakenOnLoopback() async throws {
        let caller = SignedCaller()
        try await with([caller.record()]) { house in
            let request = caller.request(
                Self.target, body: Self.body, fields: [("x-amz-content-sha256", "UNSIGNED-PAYLOAD")], payload: .unsigned
            )
            try await expect(200, house, request)
        }
    }

    @Test func aPresignedRequestIsRefused() async throws {
        let caller = SignedCaller()
        try await with([caller.record()]) { house in
            let target = Self.target + "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00"
            try await refuse(
                house, "POST \(target) HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}", 403,
                "unsupported_signature")
        }
    }

    @Test(arguments: [
        "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 Credential=a", "AWS4-ECDSA-P256-SHA256 Credential=a",
        "aws4-hmac-sha256 Credential=a/b/c/bedrock/aws4_request, SignedHeaders=host, Signature=00",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/e/f, SignedHeaders=, Signature=",
    ])
    func whatOnlyLooksSignedIsRefused(_ value: String) async throws {
        try await with([SignedCaller().record()]) { house in
            let request = RawClient.post(Self.target, Self.body, key: "", fields: "authorization: \(value)\r\n")
            let answer = try await ask(house, request)
            #expect([400, 401, 403].contains(answer.status), "\(answer.text)")
            #expect(house.lane.requests.value.isEmpty)
        }
    }

    // MARK: Refused with the body

    @Test func oneChangedByteIsRefused() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("signed requests with one byte changed, seed \(seed)")
        var chance = SplitMix(seed: seed)
        let caller = SignedCaller()
        try await with([caller.record()]) { house in
            for _ in 0..<60 {
                let fields = caller.head(
                    "/mini/r/ask?q=1", body: Self.body, fields: [("content-type", "application/json")])
                var parts = [
                    "/mini/r/ask?q=1", fields["authorization"] ?? "", fields["x-amz-date"] ?? "",
                    fields["content-type"] ?? "", Self.body,
                ]
                let part = Int.random(in: 0..<parts.count, using: &chance)
                var bytes = Array(parts[part].utf8)
                let place = Int.random(in: 0..<bytes.count, using: &chance)
                let old = bytes[place]
                // Letters only, so that the request stays one of HTTP.
                bytes[place] = UInt8(ascii: "a") + UInt8.random(in: 0..<26, using: &chance)
                guard bytes[place] != old, part != 0 || place > 0 else { continue }
                parts[part] = String(decoding: bytes, as: UTF8.self)
                let text =
                    "POST \(parts[0]) HTTP/1.1\r\nhost: x\r\nauthorization: \(parts[1])\r\nx-amz-date: \(parts[2])\r\n"
                    + "content-type: \(parts[3])\r\ncontent-length: \(parts[4].utf8.count)\r\n\r\n\(parts[4])"
                let answer = try await ask(house, text)
                #expect((400...404).contains(answer.status), "\(text)\n\(answer.text)")
            }
            #expect(house.lane.requests.value.isEmpty)
        }
    }

    @Test(arguments: ["host", "content-type", "x-amz-date"])
    func aSignedFieldThatIsGoneOrThereTwiceIsRefused(_ name: String) async throws {
        let caller = SignedCaller()
        try await with([caller.record()]) { house in
            let fields = caller.head(Self.target, body: Self.body, fields: [("content-type", "application/json")])
            var without = fields
            without.fields.removeAll { $0.name == name }
            var twice = fields
            if name != "host" { twice.append(name, fields[name] ?? "") }
            for changed in [without, twice] where changed != fields {
                let answer = try await ask(house, caller.text(Self.target, changed, body: Self.body))
                #expect((400...403).contains(answer.status), "\(answer.text)")
            }
            #expect(house.lane.requests.value.isEmpty)
        }
    }

    @Test func anotherKeysSecretIsRefused() async throws {
        let (one, two) = (SignedCaller(), SignedCaller())
        try await with([one.record(), two.record()]) { house in
            let fields = one.head(Self.target, body: Self.body)
            var stolen = HTTPFieldList()
            for field in fields.fields {
                stolen.append(field.name, field.value.replacing(one.id.text, with: two.id.text))
            }
            try await refuse(house, one.text(Self.target, stolen, body: Self.body), 401, "invalid_signature")
        }
    }

    // MARK: Budgets

    private static let piece = 40 << 10

    /// The beginning of a request whose body is longer than what comes.
    private func beginning(_ caller: SignedCaller) -> String {
        let fields = caller.head(Self.target, body: "")
        return caller.text(Self.target, fields, body: "", length: false).replacing(
            "\r\n\r\n", with: "\r\ncontent-length: \(Self.piece * 2)\r\n\r\n")
            + String(repeating: "x", count: Self.piece)
    }

    @Test func whoSendsBodiesThatCannotBeCheckedYetHasHisShareAndNoMore() async throws {
        let (one, two) = (SignedCaller(), SignedCaller())
        // A quarter for all, half of that for one: one piece and a half.
        let unproven = UnprovenBodies(bodies: Self.piece * 12)
        try await with([one.record(), two.record()], unproven: unproven) { house in
            try await house.client { first in
                await first.send(beginning(one))
                try await eventually("the body's first half") { unproven.taken == Self.piece }
                let answer = try await ask(house, beginning(one))
                #expect(answer.status == 429 && answer["retry-after"] == "1", "\(answer.text)")
                #expect(answer.text.contains("this access key"))
                // Another key of the same address: the address has its limit too.
                #expect(try await ask(house, beginning(two)).text.contains("this address"))
                // The bodies of those that present their keys are counted elsewhere, and
                // short ones find room.
                try await expect(200, house, one.request(Self.target, body: Self.body))
            }
            // The caller has gone, and with it what its body took.
            try await eventually("the bodies' memory given back") { unproven.taken == 0 }
        }
    }

    @Test func whatIsProvenOrRefusedIsGivenBack() async throws {
        let caller = SignedCaller()
        let unproven = UnprovenBodies(bodies: 64 << 20)
        try await with([caller.record()], unproven: unproven) { house in
            let long = #"{"say":[{"me":"\#(String(repeating: "x", count: 80_000))"}]}"#
            try await expect(200, house, caller.request(Self.target, body: long))
            #expect(unproven.taken == 0)
            let changed = caller.request(Self.target, body: long).replacing("xx\"}", with: "xy\"}")
            try await expect(401, house, changed)
            #expect(unproven.taken == 0)
        }
    }

    @Test func aBodyOverTheLimitIsRefusedByItsLength() async throws {
        let caller = SignedCaller()
        try await with([caller.record()]) { house in
            let text = caller.text(Self.target, caller.head(Self.target, body: ""), body: "", length: false).replacing(
                "\r\n\r\n", with: "\r\ncontent-length: 100001\r\n\r\n")
            try await refuse(house, text, 413, "body_too_large")
        }
    }
}

/// The budgets themselves.
@Suite struct UnprovenBodiesTests {
    private func account(_ key: String, _ address: String) throws -> UnprovenBodies.Account {
        UnprovenBodies.Account(key: key, address: PeerAddress(try SocketAddress(ipAddress: address, port: 1)))
    }

    @Test func oneKeyOneAddressAndAllTogetherHaveTheirLimits() throws {
        let bodies = UnprovenBodies(bodies: 800)
        let first = try account("a", "192.0.2.1")
        #expect(bodies.take(100, for: first) == nil && bodies.take(1, for: first) == .key)
        #expect(bodies.take(1, for: try account("b", "192.0.2.1")) == .address)
        #expect(bodies.take(1, for: try account("a", "192.0.2.2")) == .key)
        #expect(bodies.take(60, for: try account("b", "192.0.2.2")) == nil)
        #expect(bodies.take(40, for: try account("c", "192.0.2.3")) == nil)
        #expect(bodies.take(1, for: try account("d", "192.0.2.4")) == .all && bodies.taken == 200)
        bodies.giveBack(100, of: first)
        #expect(bodies.take(100, for: first) == nil)
    }

    @Test func nothingIsLeftOfWhatWasGivenBack() throws {
        let bodies = UnprovenBodies(bodies: 1 << 20)
        let accounts = [try account("a", "192.0.2.1"), try account("a", "192.0.2.2"), try account("b", "192.0.2.1")]
        for account in accounts { #expect(bodies.take(10, for: account) == nil) }
        for account in accounts { bodies.giveBack(10, of: account) }
        #expect(bodies.taken == 0 && bodies.parties == 0)
    }

    @Test(arguments: [
        ("2001:db8::1", "2001:db8::2", true), ("2001:db8::1", "2001:db8:0:1::1", false),
        ("::ffff:192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false), ("::1", "127.0.0.1", false),
    ])
    func addressesOfOneNetworkAreOneCaller(_ one: String, _ other: String, _ isOne: Bool) throws {
        let addresses = try [one, other].map { PeerAddress(try SocketAddress(ipAddress: $0, port: 1)) }
        #expect((addresses[0] == addresses[1]) == isOne)
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("::ffff:127.0.0.1", true), ("128.0.0.1", false),
        ("::2", false), ("10.0.0.1", false), ("fe80::1", false),
    ])
    func loopbackIsKnown(_ address: String, _ isLoopback: Bool) throws {
        #expect(PeerAddress(try SocketAddress(ipAddress: address, port: 1)).isLoopback == isLoopback)
    }
}
