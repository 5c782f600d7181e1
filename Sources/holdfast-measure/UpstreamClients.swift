import AsyncHTTPClient
import Gateway
import NIOCore
import NIOHTTP1
import Providers
import Wire

/// The clients that `holdfast-measure lanes` compares.
enum MeasuredClient: String, CaseIterable, Sendable {
    /// Holdfast's own, called by tasks that run on the event loops.
    case lane
    /// async-http-client, called by the same tasks: the way in which Holdfast would call it.
    case clientOnLoops = "client_on_loops"
    /// async-http-client, called by tasks on Swift's own threads: the way in which most programs call it.
    case clientOnThreads = "client_on_threads"

    var title: String {
        switch self {
        case .lane: "Holdfast's lane"
        case .clientOnLoops: "async-http-client, tasks on the event loops"
        case .clientOnThreads: "async-http-client, tasks on Swift's threads"
        }
    }

    var runsOnLoops: Bool { self != .clientOnThreads }

    /// - Parameter limit: the most connections at a time.
    func make(
        to upstream: UpstreamAddress, limit: Int, on group: any EventLoopGroup
    ) throws -> any UpstreamClient {
        switch self {
        case .lane: try LaneClient(to: upstream, limit: limit, on: group)
        case .clientOnLoops, .clientOnThreads: LibraryClient(to: upstream, limit: limit, on: group)
        }
    }
}

/// An HTTP client with the connections that it has opened to the upstream.
protocol UpstreamClient: Sendable {
    /// Sends one request and reads every piece of its answer.
    /// - Parameters:
    ///   - executor: of the event loop that the calling task runs on, unless it runs on Swift's threads.
    ///   - begun: called once, when the first piece is there.
    /// - Returns: the length of the answer's body in bytes.
    /// - Throws: ``LoadProblem`` if the status isn't 200, or the client's own error.
    func ask(
        _ body: ByteBuffer, on executor: EventLoopTaskExecutor, begun: @Sendable () -> Void
    ) async throws -> Int

    /// Closes all connections, and returns once they are closed.
    func close() async
}

/// Holdfast's lane with the options of a plain provider.
struct LaneClient: UpstreamClient {
    private let lane: HTTPLane

    init(to upstream: UpstreamAddress, limit: Int, on group: any EventLoopGroup) throws {
        var options = LaneOptions(
            endpoint: .tcp(host: upstream.host, port: upstream.port), authority: upstream.text, basePath: "/v1")
        options.maxConnections = limit
        options.maxWaiting = limit
        lane = try HTTPLane(options, eventLoops: Array(group.makeIterator()))
    }

    func ask(
        _ body: ByteBuffer, on executor: EventLoopTaskExecutor, begun: @Sendable () -> Void
    ) async throws -> Int {
        try await lane.exchange(LaneRequest(path: "/chat/completions", body: body), on: executor) { answer in
            guard answer.head.status == 200 else { throw LoadProblem(status: answer.head.status) }
            var length = 0
            while let piece = try await answer.next() {
                if length == 0 { begun() }
                length += piece.readableBytes
            }
            return length
        }
    }

    /// Sends one request, and returns the whole body of its answer.
    func whole(_ body: ByteBuffer, on executor: EventLoopTaskExecutor) async throws -> ByteBuffer {
        try await lane.exchange(LaneRequest(path: "/chat/completions", body: body), on: executor) { answer in
            guard answer.head.status == 200 else { throw LoadProblem(status: answer.head.status) }
            return try await answer.collect(upTo: 64 << 20)
        }
    }

    func close() async {
        lane.retire()
        // At most for 5 s: connections that hang cost a wrong figure for memory, and nothing else.
        for _ in 0..<5000 where lane.openConnections > 0 {
            try? await Task.sleep(for: .milliseconds(1))
        }
    }
}

/// async-http-client, set up to do the same as a lane: the same header fields and time limits, no redirects, and no
/// decompression.
struct LibraryClient: UpstreamClient {
    private let client: HTTPClient
    private let template: HTTPClientRequest

    init(to upstream: UpstreamAddress, limit: Int, on group: any EventLoopGroup) {
        var settings = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5), read: .seconds(60)),
            connectionPool: .init(idleTimeout: .seconds(45), concurrentHTTP1ConnectionsPerHostSoftLimit: limit),
            decompression: .disabled)
        settings.httpVersion = .http1Only
        client = HTTPClient(eventLoopGroup: group, configuration: settings)
        var request = HTTPClientRequest(url: "http://\(upstream.text)/v1/chat/completions")
        request.method = .POST
        request.headers = [
            "user-agent": "holdfast", "accept": "application/json, text/event-stream", "accept-encoding": "identity",
            "content-type": "application/json",
        ]
        template = request
    }

    func ask(
        _ body: ByteBuffer, on executor: EventLoopTaskExecutor, begun: @Sendable () -> Void
    ) async throws -> Int {
        var request = template
        request.body = .bytes(body)
        let answer = try await client.execute(request, timeout: .minutes(10))
        guard answer.status == .ok else { throw LoadProblem(status: Int(answer.status.code)) }
        var length = 0
        for try await piece in answer.body {
            if length == 0 { begun() }
            length += piece.readableBytes
        }
        return length
    }

    func close() async { try? await client.shutdown() }
}

/// The reason why nothing could be measured.
struct LoadProblem: Error {
    var message: String
    /// True when nobody answers at the upstream's address.
    var isUnreachable = false

    init(_ message: String, isUnreachable: Bool = false) {
        self.message = message
        self.isUnreachable = isUnreachable
    }

    init(status: Int) { self.init("the upstream answers POST /v1/chat/completions with status \(status)") }
}
