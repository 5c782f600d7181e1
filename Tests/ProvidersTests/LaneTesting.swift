import Gateway
import GatewayTesting
import NIOCore
import NIOPosix
import NIOSSL
import Providers
import Wire

/// A lane to a scripted upstream, and the loops that its requests run on.
struct TestLane: Sendable {
    let lane: HTTPLane
    let executors: [EventLoopTaskExecutor]

    init(_ upstream: ScriptedUpstream, loops: Int = 1, change: (inout LaneOptions) -> Void = { _ in }) throws {
        try self.init(.tcp(host: "127.0.0.1", port: upstream.port), loops: loops, change: change)
    }

    init(_ endpoint: LaneOptions.Endpoint, loops: Int = 1, change: (inout LaneOptions) -> Void = { _ in }) throws {
        var options = LaneOptions(endpoint: endpoint, authority: "provider.test", basePath: "/base")
        // No connection ends by a limit, unless the test is about that limit.
        options.connectTimeout = never
        options.firstByteTimeout = never
        options.idleTimeout = never
        options.totalTimeout = never
        options.keepAlive = never
        change(&options)
        let eventLoops = Array(MultiThreadedEventLoopGroup.shared(loops).makeIterator().prefix(loops))
        lane = try HTTPLane(options, eventLoops: eventLoops)
        executors = eventLoops.map { EventLoopTaskExecutor($0) }
    }

    /// The answer of an exchange that succeeded.
    struct Reply: Sendable, Equatable {
        var status: Int
        var fields: HTTPFieldList
        var body: ByteBuffer
        var text: String { String(buffer: body) }
    }

    /// One exchange, read to its end.
    @discardableResult
    func exchange(
        _ body: String = "{}", path: String = "/chat", fields: HTTPFieldList = .init(), method: String = "POST",
        on loop: Int = 0
    ) async throws -> Reply {
        let request = LaneRequest(method: method, path: path, fields: fields, body: ByteBuffer(string: body))
        return try await run(request, on: loop) { response in
            Reply(
                status: response.head.status, fields: response.head.fields,
                body: try await response.collect(upTo: 1 << 24))
        }
    }

    func run<T: Sendable>(
        _ request: LaneRequest = LaneRequest(path: "/chat", body: ByteBuffer(string: "{}")), on loop: Int = 0,
        _ body: @escaping @Sendable (any LaneResponse) async throws -> T
    ) async throws -> T {
        let task = start(request, on: loop, body)
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }

    /// An exchange in a task of its own, as a request has it.
    func start<T: Sendable>(
        _ request: LaneRequest = LaneRequest(path: "/chat", body: ByteBuffer(string: "{}")), on loop: Int = 0,
        _ body: @escaping @Sendable (any LaneResponse) async throws -> T
    ) -> Task<T, any Error> {
        let lane = lane
        let executor = executors[loop]
        return Task(executorPreference: executor) { try await lane.exchange(request, on: executor, body) }
    }

    /// The failure that an exchange ends with.
    func failure(on loop: Int = 0) async -> LaneFailure? {
        do {
            _ = try await exchange(on: loop)
            return nil
        } catch {
            return error as? LaneFailure
        }
    }
}

extension MultiThreadedEventLoopGroup {
    private static let four = MultiThreadedEventLoopGroup(numberOfThreads: 4)
    /// Loops for the lanes under test, apart from the upstreams'.
    static func shared(_ count: Int) -> MultiThreadedEventLoopGroup {
        precondition(count <= 4)
        return four
    }
}
