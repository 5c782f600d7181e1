internal import ArgumentParser
internal import BenchWire
internal import FoundationEssentials
internal import NIOCore
internal import NIOPosix

/// The load that wrk can't make: one patient connection, and many streams at once.
@main
struct BenchLoad: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-load",
        abstract: "Measures what wrk can't; prints one line of JSON, times in µs.",
        subcommands: [Latency.self, Streams.self]
    )
}

/// `bench-load latency`
struct Latency: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Sequential plain requests on one connection.")

    @OptionGroup var target: Target

    @Option(help: "Requests that count.")
    var requests = 2000

    @Option(help: "Requests before those.")
    var warmup = 200

    @Option(help: "Give up after this many seconds.")
    var maxSeconds = 120

    func validate() throws {
        guard self.requests > 0, self.warmup >= 0 else { throw ValidationError("requests has to be above 0") }
    }

    func run() async throws {
        let request = try self.target.request()
        let (warmup, requests) = (self.warmup, self.requests)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let done = group.next().makePromise(of: [TimeAmount].self)
        let limit = group.next().scheduleTask(in: .seconds(Int64(self.maxSeconds))) {
            done.fail(LoadError(description: "not done in time"))
        }
        do {
            _ = try await ClientBootstrap(group: group)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            LatencyHandler(request, warmup: warmup, requests: requests, done: done)
                        )
                    }
                }
                .connect(host: "127.0.0.1", port: self.target.port).get()
        } catch {
            done.fail(error)
        }
        let samples = try await done.futureResult.get()
        limit.cancel()
        try printReport(Summary(samples))
        try await group.shutdownGracefully()
    }
}

/// `bench-load streams`
struct Streams: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Concurrent SSE streams, each proved to have arrived whole and in order.",
        discussion: """
            All connections are made first; then the streams are asked for, spread over --ramp-ms. \
            While all of them are open at once, --hold-file exists.
            """
    )

    @OptionGroup var target: Target

    @Option(help: "Concurrent streams.")
    var streams = 512

    @Option(help: "Content events that each stream has to bring.")
    var events = 100

    @Option(help: "Milliseconds between two events, as the provider was told; the jitter is against it.")
    var intervalMs = 20

    @Option(help: "Milliseconds between the last connection made and the first stream asked for.")
    var settleMs = 500

    @Option(help: "Milliseconds over which the streams are asked for.")
    var rampMs = 1000

    @Option(help: "File that is written when all streams are open at once.")
    var holdFile: String?

    @Option(help: "Give up after this many seconds.")
    var maxSeconds = 60

    /// The report that is printed.
    struct Report: Encodable {
        var streams: Int
        var complete: Int
        var failures: [String: Int]
        var eventsExpected: Int
        var eventsArrived: Int
        var peakOpen: Int
        var firstEvent: Summary
        var gap: Summary
        var jitter: Summary
    }

    func validate() throws {
        guard self.streams > 0, self.events > 0, self.rampMs >= 0, self.settleMs >= 0 else {
            throw ValidationError("streams and events have to be above 0")
        }
    }

    func run() async throws {
        let request = try self.target.request()
        let (total, events, dialect) = (self.streams, self.events, self.target.dialect)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let done = loop.makePromise(of: Void.self)
        let holdFile = self.holdFile
        let run = try await loop.submit {
            let run = StreamsRun(
                total,
                allOpen: { if let holdFile { try? Data().write(to: URL(filePath: holdFile)) } },
                done: done
            )
            return NIOLoopBound(run, eventLoop: loop)
        }.get()

        let bootstrap = ClientBootstrap(group: loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = StreamHandler(run.value, reader: StreamReader(dialect, expecting: events))
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
        var channels: [any Channel] = []
        for _ in 0..<total {
            channels.append(try await bootstrap.connect(host: "127.0.0.1", port: self.target.port).get())
        }

        // A connection is made when the kernel says so; the gateway may accept it much later, and
        // that wait would count as the first streams' time to their first event.
        let start = NIODeadline.now() + .milliseconds(Int64(self.settleMs))
        for (index, channel) in channels.enumerated() {
            let due = start + .microseconds(Int64(self.rampMs) * 1000 * Int64(index) / Int64(total))
            loop.scheduleTask(deadline: due) {
                try channel.pipeline.syncOperations.handler(type: StreamHandler.self).start(request)
            }
        }
        let limit = loop.scheduleTask(in: .seconds(Int64(self.maxSeconds))) { [channels] in
            for channel in channels where channel.isActive {
                try channel.pipeline.syncOperations.handler(type: StreamHandler.self).abandon("not done in time")
            }
        }
        try await done.futureResult.get()
        limit.cancel()

        let intervalMs = Int64(self.intervalMs)
        let report = try await loop.submit {
            let run = run.value
            return Report(
                streams: total,
                complete: run.complete,
                failures: run.failures,
                eventsExpected: total * events,
                eventsArrived: run.numbers,
                peakOpen: run.peakOpen,
                firstEvent: Summary(run.firstEvent),
                gap: Summary(run.gaps),
                jitter: Summary(
                    run.gaps.map { .nanoseconds(abs($0.nanoseconds - intervalMs * 1_000_000)) }
                )
            )
        }.get()
        try printReport(report)
        try await group.shutdownGracefully()
        if report.complete != total { throw ExitCode(1) }
    }
}
