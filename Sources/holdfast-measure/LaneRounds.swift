import CLinux
import Gateway
import Glibc
import NIOCore
import NIOPosix
import Synchronization
import Wire

/// The load that one client carries in one round.
struct UpstreamLoad: Sendable {
    var upstream: UpstreamAddress
    /// Plain requests, and how many of them at a time.
    var requests: Int
    var concurrency: Int
    /// Streams at a time; 0 for none.
    var streams: Int
    var plain: ByteBuffer
    var streamed: ByteBuffer

    /// - Parameter size: the length of a request's body in bytes.
    init(to upstream: UpstreamAddress, requests: Int, concurrency: Int, streams: Int, size: Int) {
        self.upstream = upstream
        self.requests = requests
        self.concurrency = concurrency
        self.streams = streams
        plain = Self.body(size, "")
        streamed = Self.body(size, #""stream":true,"#)
    }

    private static func body(_ size: Int, _ member: String) -> ByteBuffer {
        let start = #"{"model":"bench","max_tokens":64,\#(member)"messages":[{"role":"user","content":""#
        let end = #""}]}"#
        let text = String(repeating: "a", count: max(1, size - start.utf8.count - end.utf8.count))
        return ByteBuffer(string: start + text + end)
    }
}

/// The figures of one client in one round.
struct ClientFigures: Sendable {
    var requestsPerSecond: Double
    /// In microseconds.
    var cpuPerRequest: Double
    /// In microseconds; nil where no streams are measured.
    var cpuPerEvent: Double?
    /// In bytes: a stream that is open, with its task and its connection. Nil where the streams were not all open at the
    /// same time.
    var heapPerStream: Double?
}

/// The length that every answer must have, and the number of events in a stream.
struct ExpectedAnswers: Sendable {
    var plain: Int
    var stream: Int
    var events: Int
}

/// Rounds in which every client carries the same load, one after the other, each with connections of its own.
///
/// The clients share one group of event loops, as large as that of `holdfast serve`. What the process does beside them
/// is measured before, and subtracted.
struct LaneRounds {
    let load: UpstreamLoad
    private let group: MultiThreadedEventLoopGroup
    private let executors: [EventLoopTaskExecutor]

    init(_ load: UpstreamLoad) {
        self.load = load
        group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        executors = group.makeIterator().map { EventLoopTaskExecutor($0) }
    }

    /// Ends the event loops.
    func close() async { try? await group.shutdownGracefully() }

    // MARK: What the upstream answers

    /// Asks the upstream in each of the two ways, once.
    /// - Throws: ``LoadProblem`` if it can't be reached, or doesn't answer as an upstream does.
    func expectedAnswers() async throws -> ExpectedAnswers {
        let client = try LaneClient(to: load.upstream, limit: 1, on: group)
        do {
            let plain = try await client.whole(load.plain, on: executors[0])
            guard plain.readableBytes > 0 else { throw LoadProblem("the upstream's answer is empty") }
            var expected = ExpectedAnswers(plain: plain.readableBytes, stream: 0, events: 0)
            if load.streams > 0 {
                let stream = try await client.whole(load.streamed, on: executors[0])
                var parser = SSEParser()
                parser.feed(stream)
                while try parser.next() != nil { expected.events += 1 }
                expected.stream = stream.readableBytes
                guard expected.events > 0 else {
                    throw LoadProblem("the upstream's answer to a request with \"stream\": true has no events")
                }
            }
            await client.close()
            return expected
        } catch {
            await client.close()
            throw problem(error)
        }
    }

    private func problem(_ error: any Error) -> LoadProblem {
        let remedy = "start an upstream there, such as bench-upstream (Benchmarks/README.md)"
        switch error {
        case let problem as LoadProblem: return problem
        case LaneFailure.unreachable(let why):
            return LoadProblem("nothing answers at \(load.upstream.text): \(why); \(remedy)", isUnreachable: true)
        case LaneFailure.connectTimeout:
            return LoadProblem("nothing answers at \(load.upstream.text) in 5 s; \(remedy)", isUnreachable: true)
        case LaneFailure.garbage(let why):
            return LoadProblem("\(load.upstream.text) gives no HTTP/1.1 answer: \(why)")
        default: return LoadProblem("\(load.upstream.text) gives no whole answer: \(error)")
        }
    }

    // MARK: Rounds

    /// The share of a core that the process uses while no client exists.
    func idleShare() async throws -> Double {
        let idle = try await cost(idle: 0) { try await Task.sleep(for: .seconds(1)) }
        return idle.cpu / idle.wall
    }

    /// Measures every client once.
    /// - Parameter isReversed: true in every second round, so that no client always follows the same other one.
    func round(
        isReversed: Bool, idle: Double, _ expected: ExpectedAnswers
    ) async throws -> [MeasuredClient: ClientFigures] {
        var figures: [MeasuredClient: ClientFigures] = [:]
        for kind in isReversed ? MeasuredClient.allCases.reversed() : MeasuredClient.allCases {
            do {
                figures[kind] = try await measure(kind, idle, expected)
            } catch let problem as LoadProblem {
                throw LoadProblem("\(kind.title): \(problem.message)")
            } catch {
                throw LoadProblem("\(kind.title): a request failed: \(error)")
            }
        }
        return figures
    }

    private func measure(
        _ kind: MeasuredClient, _ idle: Double, _ expected: ExpectedAnswers
    ) async throws -> ClientFigures {
        let plain = try await withClient(kind) { client in
            let run = Run(kind: kind, client: client, body: load.plain, length: expected.plain)
            // Opens the connections.
            try await send(run, times: load.concurrency * 10, workers: load.concurrency)
            return try await cost(idle: idle) {
                try await send(run, times: load.requests, workers: load.concurrency)
            }
        }
        var figures = ClientFigures(
            requestsPerSecond: Double(load.requests) / plain.wall,
            cpuPerRequest: plain.cpu * 1e6 / Double(load.requests))
        guard load.streams > 0 else { return figures }
        let (streams, heap) = try await withClient(kind) { client in
            let run = Run(kind: kind, client: client, body: load.streamed, length: expected.stream)
            let watch = StreamWatch(load.streams)
            // Opens the connections, and shows what a stream holds.
            try await send(run, times: load.streams, workers: load.streams, watch)
            let cost = try await cost(idle: idle) {
                try await send(run, times: load.streams, workers: load.streams)
            }
            return (cost, watch.heapPerStream)
        }
        figures.cpuPerEvent = streams.cpu * 1e6 / Double(load.streams * expected.events)
        figures.heapPerStream = heap
        return figures
    }

    private func withClient<T>(
        _ kind: MeasuredClient, _ work: (any UpstreamClient) async throws -> T
    ) async throws -> T {
        let client = try kind.make(to: load.upstream, limit: max(load.concurrency, load.streams), on: group)
        do {
            let result = try await work(client)
            await client.close()
            return result
        } catch {
            await client.close()
            throw error
        }
    }

    /// Requests that are all alike, through one client.
    private struct Run: Sendable {
        var kind: MeasuredClient
        var client: any UpstreamClient
        var body: ByteBuffer
        /// The length of every answer.
        var length: Int
    }

    private func send(_ run: Run, times: Int, workers: Int, _ watch: StreamWatch? = nil) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for worker in 0..<workers {
                let share = times / workers + (worker < times % workers ? 1 : 0)
                let executor = executors[worker % executors.count]
                tasks.addTask(executorPreference: run.kind.runsOnLoops ? executor : nil) {
                    for _ in 0..<share {
                        let length = try await run.client.ask(run.body, on: executor) { watch?.begun() }
                        watch?.ended()
                        guard length == run.length else {
                            throw LoadProblem("an answer has \(length) bytes, where the first one had \(run.length)")
                        }
                    }
                }
            }
            try await tasks.waitForAll()
        }
    }

    // MARK: Costs

    /// Seconds, on the wall's clock and of processor time.
    private struct Cost: Sendable {
        var wall: Double
        var cpu: Double
    }

    private func cost(idle: Double, _ work: () async throws -> Void) async throws -> Cost {
        let began = ContinuousClock.now
        let used = processorSeconds()
        try await work()
        let wall = began.duration(to: .now) / .seconds(1)
        return Cost(wall: wall, cpu: max(0, processorSeconds() - used - idle * wall))
    }

    /// The processor time of this process since its start, in user and kernel mode (getrusage(2)).
    private func processorSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}

/// Sees what the heap holds at the moment when the last stream of a run has begun.
private final class StreamWatch: Sendable {
    private let count: Int
    private let before = clinux_heap_in_use()
    private let open = Atomic<Int>(0)
    private let over = Atomic<Int>(0)
    private let held = Atomic<Int>(0)

    /// - Parameter count: the streams of the run.
    init(_ count: Int) { self.count = count }

    func begun() {
        guard open.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue == count else { return }
        let now = clinux_heap_in_use()
        guard over.load(ordering: .sequentiallyConsistent) == 0, now > before else { return }
        held.store(Int(now - before), ordering: .sequentiallyConsistent)
    }

    func ended() { over.wrappingAdd(1, ordering: .sequentiallyConsistent) }

    /// In bytes; nil where the streams were not all open at the same time.
    var heapPerStream: Double? {
        let held = held.load(ordering: .sequentiallyConsistent)
        return held > 0 ? Double(held) / Double(count) : nil
    }
}
