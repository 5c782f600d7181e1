internal import ArgumentParser
internal import NIOCore
internal import NIOPosix

/// A mock model provider: the fixed point that every gateway is measured in front of.
@main
struct BenchUpstream: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-upstream",
        abstract: "A mock model provider that speaks OpenAI and Anthropic, plain and streamed."
    )

    @Option(help: "Port on 127.0.0.1 to listen on.")
    var port: Int

    @Option(help: "Event-loop threads.")
    var threads = 1

    @Option(help: "Content events in a stream.")
    var events = 100

    @Option(help: "Milliseconds between two content events.")
    var intervalMs = 20

    @Option(help: "Exit by itself after this many seconds.")
    var maxSeconds = 3600

    func validate() throws {
        guard self.threads > 0, self.events > 0, self.intervalMs >= 0, self.maxSeconds > 0 else {
            throw ValidationError("threads, events and max-seconds have to be above 0")
        }
    }

    func run() async throws {
        let options = ProviderOptions(events: self.events, interval: .milliseconds(Int64(self.intervalMs)))
        let group = MultiThreadedEventLoopGroup(numberOfThreads: self.threads)
        let server = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ProviderHandler(options))
                }
            }
            .bind(host: "127.0.0.1", port: self.port).get()
        print("listening on 127.0.0.1:\(self.port)")
        try await Task.sleep(for: .seconds(self.maxSeconds))
        try await server.close()
        try await group.shutdownGracefully()
    }
}
