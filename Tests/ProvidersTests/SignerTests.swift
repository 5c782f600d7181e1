import Gateway
import GatewayTesting
import NIOCore
import Providers
import Synchronization
import Testing
import Wire

/// A signer that remembers what it was shown.
private final class Recorder: EachRequestSigner {
    private let shown = Mutex<[UnsignedRequest]>([])
    var requests: [UnsignedRequest] { shown.withLock { $0 } }

    let names: Set<String> = ["authorization", "x-date"]

    func sign(_ request: UnsignedRequest) -> HTTPFieldList {
        shown.withLock { $0.append(request) }
        let words = "\(request.method) \(request.path) \(request.query) \(request.body.readableBytes)"
        return HTTPFieldList(["authorization": "Made of \(words)", "x-date": "today"])
    }
}

@Suite struct SignerTests {
    private func values(_ name: String, in request: ScriptedUpstream.Received) -> [String] {
        request.headers.filter { $0.name.lowercased() == name }.map(\.value)
    }

    @Test func aSignerSeesWhatArrives() async throws {
        try await ScriptedUpstream.with(.answer(body: "{}")) { upstream in
            let signer = Recorder()
            let lane = try TestLane(upstream) { options in
                options.signer = .each(signer)
                options.fields = [("X-Own", "ours")]
                options.defaultFields = [("x-default", "default"), ("x-own", "default")]
            }
            let fields = HTTPFieldList(["x-beta": "a", "x-own": "theirs", "bad name": "b", "x-bad": "a\r\nb: c"])
            try await lane.exchange("{\"a\":1}", path: "/model/a%2Fb/converse?x=%20y", fields: fields)
            let request = try #require(upstream.requests.value.first)
            let unsigned = try #require(signer.requests.first)
            #expect(unsigned.method == "POST" && unsigned.body == request.body)
            #expect(unsigned.path == "/base/model/a%2Fb/converse" && unsigned.query == "x=%20y")
            #expect(request.uri == "\(unsigned.path)?\(unsigned.query)")
            let arrived = request.headers.map { "\($0.name.lowercased()): \($0.value)" }
                .filter { line in !["content-length", "authorization", "x-date"].contains { line.hasPrefix("\($0):") } }
            #expect(unsigned.fields.fields.map { "\($0.name): \($0.value)" } == arrived)
            #expect(arrived.first == "host: provider.test")
            #expect(values("x-own", in: request) == ["ours"])
        }
    }

    @Test func aRequestGetsItsOwnSignatureAndNoOther() async throws {
        try await ScriptedUpstream.with(.answer(body: "{}")) { upstream in
            let lane = try TestLane(upstream) { $0.signer = .each(Recorder()) }
            for body in ["{}", "{\"a\":1}"] {
                try await lane.exchange(
                    body, path: "/chat", fields: HTTPFieldList(["authorization": "theirs", "x-date": "theirs"]))
            }
            let requests = upstream.requests.value
            #expect(
                requests.map { values("authorization", in: $0) } == [2, 7].map { ["Made of POST /base/chat  \($0)"] })
            #expect(requests.map { values("x-date", in: $0) } == [["today"], ["today"]])
        }
    }

    @Test func aRequestWithoutABodyIsSignedToo() async throws {
        try await ScriptedUpstream.with(.answer(body: "{}")) { upstream in
            let signer = Recorder()
            let lane = try TestLane(upstream) { $0.signer = .each(signer) }
            try await lane.exchange("", path: "/models", method: "GET")
            #expect(signer.requests.first?.method == "GET" && signer.requests.first?.query == "")
            #expect(signer.requests.first?.fields["content-type"] == nil)
            #expect(upstream.requests.value.first?["authorization"] == "Made of GET /base/models  0")
        }
    }

    @Test func aKeyIsTheSameInEveryRequest() async throws {
        try await ScriptedUpstream.with(.answer(body: "{}")) { upstream in
            let lane = try TestLane(upstream) { $0.signer = .field(name: "x-api-key", value: "ours") }
            for _ in 0..<2 { try await lane.exchange(fields: HTTPFieldList(["x-api-key": "theirs"])) }
            #expect(upstream.requests.value.map { values("x-api-key", in: $0) } == [["ours"], ["ours"]])
        }
    }
}
