import Gateway
import GatewayTesting
import NIOCore
import Providers
import Testing
import Wire

@Suite struct ExchangeTests {
    @Test func theRequestArrivesAsItWasMeant() async throws {
        try await ScriptedUpstream.with(.answer(body: "{}")) { upstream in
            let lane = try TestLane(upstream) { options in
                options.signer = .field(name: "authorization", value: "Bearer secret")
                options.defaultFields = [("anthropic-version", "2023-06-01"), ("x-default", "1")]
            }
            let reply = try await lane.exchange(
                "{\"a\":1}", path: "/chat/completions?beta=true",
                fields: HTTPFieldList(["anthropic-version": "2024-01-01"]))
            #expect(reply.status == 200 && reply.text == "{}")
            let request = try #require(upstream.requests.value.first)
            #expect(request.method == "POST")
            #expect(request.uri == "/base/chat/completions?beta=true")
            #expect(String(buffer: request.body) == "{\"a\":1}")
            #expect(request["host"] == "provider.test")
            #expect(request["authorization"] == "Bearer secret")
            #expect(request["content-length"] == "7")
            #expect(request["content-type"] == "application/json")
            #expect(request["accept-encoding"] == "identity")
            #expect(request["x-default"] == "1")
            #expect(request.headers.filter { $0.name == "anthropic-version" }.map(\.value) == ["2024-01-01"])
        }
    }

    @Test func aFieldCanNotBringAnother() async throws {
        try await ScriptedUpstream.with(.answer(body: "{}")) { upstream in
            let lane = try TestLane(upstream)
            try await lane.exchange(
                fields: HTTPFieldList(["openai-beta": "a\r\nx-smuggled: 1", "x bad": "2", "x-good": "3"]))
            let request = try #require(upstream.requests.value.first)
            #expect(request["x-smuggled"] == nil)
            #expect(request["x-good"] == "3")
            #expect(request["openai-beta"] == nil)
        }
    }

    struct Shape: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var behaviour: Behaviour
        var status = 200
        var body: String
        /// True when the connection may serve another request.
        var stays: Bool
    }

    static let shapes = [
        Shape(testDescription: "a length", behaviour: .answer(body: "hello"), body: "hello", stays: true),
        Shape(testDescription: "an empty body", behaviour: .answer(body: ""), body: "", stays: true),
        Shape(
            testDescription: "an error", behaviour: .answer(status: 529, body: "no"), status: 529, body: "no",
            stays: true),
        Shape(
            testDescription: "chunks", behaviour: .sse(["data: 1\n\n", "data: 2\n\n"]), body: "data: 1\n\ndata: 2\n\n",
            stays: true),
        Shape(
            testDescription: "chunks with pauses", behaviour: .sse(["a", "b"], every: .milliseconds(5)), body: "ab",
            stays: true),
        Shape(
            testDescription: "until the end", behaviour: .cut(of: .garbage("HTTP/1.1 200 OK\r\n\r\nall of it")),
            body: "all of it", stays: false),
        Shape(
            testDescription: "a head before the head",
            behaviour: .garbage("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx"),
            body: "x",
            stays: true),
        Shape(
            testDescription: "no content", behaviour: .garbage("HTTP/1.1 204 No Content\r\n\r\n"), status: 204,
            body: "",
            stays: true),
        Shape(
            testDescription: "HTTP/1.0", behaviour: .garbage("HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok"),
            body: "ok",
            stays: false),
        Shape(
            testDescription: "it wants to close",
            behaviour: .garbage("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok"), body: "ok",
            stays: false),
        Shape(
            testDescription: "more than it should send",
            behaviour: .garbage("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok?!"),
            body: "ok", stays: false),
    ]

    @Test(arguments: shapes)
    func everyShapeOfAnswerIsReadAndItsConnectionKeptOrNot(_ shape: Shape) async throws {
        try await ScriptedUpstream.with(shape.behaviour) { upstream in
            let lane = try TestLane(upstream)
            for _ in 0..<3 {
                let reply = try await lane.exchange()
                #expect(reply.status == shape.status)
                #expect(reply.text == shape.body)
                if !shape.stays { try await eventually { lane.lane.openConnections == 0 } }
            }
            #expect(upstream.connections.value.count == (shape.stays ? 1 : 3))
            #expect(upstream.requests.value.map(\.connection) == (shape.stays ? [0, 0, 0] : [0, 1, 2]))
            lane.lane.retire()
            try await eventually { lane.lane.openConnections == 0 && upstream.openConnections == 0 }
        }
    }

    static let garbage = [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n", "HTTP/1.1 101 Switching\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: " + String(repeating: "y", count: 100_000),
    ]

    @Test(arguments: garbage)
    func garbageIsToldAndTheConnectionThrownAway(_ bytes: String) async throws {
        try await ScriptedUpstream.with(.attemptBased { $0 == 0 ? .garbage(bytes) : .answer(body: "{}") }) { upstream in
            let lane = try TestLane(upstream)
            guard case .garbage = await lane.failure() else {
                Issue.record("no garbage")
                return
            }
            _ = try await upstream.closed(0)
            try await eventually { lane.lane.openConnections == 0 }
            #expect(try await lane.exchange().text == "{}")
        }
    }

    @Test func anAnswerThatBreaksOffAnywhereIsCut() async throws {
        for whole in [Behaviour.answer(body: "{\"a\": 1}"), .sse(["data: 1\n\n", "data: 2\n\n"])] {
            let upstreamScript = Behaviour.attemptBased { .cut(afterBytes: $0 + 1, of: whole) }
            try await ScriptedUpstream.with(upstreamScript) { upstream in
                let lane = try TestLane(upstream)
                for count in 1..<whole.byteCount {
                    let failure = await lane.failure()
                    guard failure == .cut || (failure == .closedBeforeHead(reused: false)) else {
                        Issue.record("after \(count) bytes: \(String(describing: failure))")
                        return
                    }
                    // Something of an answer had come: sending the request
                    // again could make the provider answer twice.
                    guard failure != .closedBeforeHead(reused: true) else {
                        Issue.record("after \(count) bytes it says that nothing had come")
                        return
                    }
                }
                try await eventually { lane.lane.openConnections == 0 }
            }
        }
    }

    @Test func anAnswerThatIsNotReadDoesNotRunOn() async throws {
        try await ScriptedUpstream.with(.neverEnds) { upstream in
            let lane = try TestLane(upstream)
            let status = try await lane.run { $0.head.status }
            #expect(status == 200)
            _ = try await upstream.closed(0)
            try await eventually { lane.lane.openConnections == 0 }
        }
    }

    @Test func aFailureOfTheReaderClosesTheConnection() async throws {
        struct Fault: Error {}
        try await ScriptedUpstream.with(
            .stall(afterBytes: 200, of: .sse(["data: 1\n\n", String(repeating: "x", count: 500)]))
        ) { upstream in
            let lane = try TestLane(upstream)
            await #expect(throws: Fault.self) {
                try await lane.run { response in
                    _ = try await response.next()
                    throw Fault()
                }
            }
            _ = try await upstream.closed(0)
        }
    }

    @Test func anAnswerThatIsReadToItsLastEventLeavesAUsableConnection() async throws {
        // The end of the last chunk comes after the reader has gone.
        try await ScriptedUpstream.with(.sse(["data: 1\n\n", "data: [DONE]\n\n"], every: .milliseconds(20))) {
            upstream in
            // The next request waits for this one's connection, whether it is kept or not.
            let lane = try TestLane(upstream) { $0.maxConnections = 1 }
            for _ in 0..<3 {
                try await lane.run { response in
                    while let bytes = try await response.next() {
                        if String(buffer: bytes).contains("[DONE]") { return }
                    }
                }
            }
            #expect(upstream.connections.value.count == 1)
        }
    }

    @Test func anEventIsHandedOnAsSoonAsItIsThere() async throws {
        let more = Behaviour.sse(["data: 1\n\n", "data: 2\n\n"])
        let head = more.byteCount - "9\r\ndata: 2\n\n\r\n0\r\n\r\n".utf8.count
        try await ScriptedUpstream.with(.stall(afterBytes: head, of: more)) { upstream in
            let lane = try TestLane(upstream)
            let task = lane.start { response -> String in String(buffer: try await response.next() ?? ByteBuffer()) }
            let text = try await inTime { try await task.value }
            #expect(text == "data: 1\n\n")
        }
    }

    @Test func aBigBodyGoesOutWhole() async throws {
        try await ScriptedUpstream.with(.answer(body: "{}")) { upstream in
            let lane = try TestLane(upstream)
            let body = String(repeating: "0123456789abcdef", count: 1 << 18)
            #expect(try await lane.exchange(body).status == 200)
            #expect(upstream.requests.value[0].body.readableBytes == body.utf8.count)
        }
    }
}
