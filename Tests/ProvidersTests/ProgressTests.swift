import Gateway
import GatewayTesting
import NIOCore
import Providers
import Testing

/// The limit between two pieces that a caller would read, on a clock that is
/// set by hand.
@Suite struct ProgressTests {
    private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private static func at(_ seconds: Double) -> NIODeadline { start + .nanoseconds(Int64(seconds * 1e9)) }

    @Test("signs of life put the end of a stall off")
    func heartbeats() {
        var progress = StreamProgress(until: nil, pause: .seconds(120))
        progress.checkTime(Self.at(1000), isAwaited: true)
        #expect(progress.deadline == .distantFuture, "what has not begun is another limit's")
        progress.note()
        progress.checkTime(Self.at(1000.05), isAwaited: true)
        #expect(progress.hasBegun && progress.deadline == Self.at(1000.05) + .seconds(121))
        // Whatever comes now is not noted.
        for second in 1001..<1120 {
            progress.checkTime(Self.at(Double(second)), isAwaited: true)
            #expect(progress.deadline == Self.at(1000.05) + .seconds(121))
        }
    }

    @Test("every piece is looked at, or none")
    func looks() {
        var progress = StreamProgress(until: nil, pause: .seconds(120))
        #expect(progress.isWanted)
        progress.note()
        progress.checkTime(Self.at(0), isAwaited: true)
        progress.checkTime(Self.at(0.9), isAwaited: true)
        #expect(!progress.isWanted)
        progress.checkTime(Self.at(1), isAwaited: true)
        #expect(progress.isWanted)
        progress.note()
        #expect(!progress.isWanted)
    }

    @Test("a caller who is slow uses up the provider's time")
    func slowCaller() {
        var progress = StreamProgress(until: nil, pause: .seconds(2))
        progress.note()
        progress.checkTime(Self.at(0), isAwaited: true)
        for second in 1...60 { progress.checkTime(Self.at(Double(second)), isAwaited: false) }
        #expect(progress.deadline == Self.at(60) + .milliseconds(2500))
    }

    @Test("the limit to the first piece is lost")
    func first() {
        var progress = StreamProgress(until: Self.at(5), pause: .seconds(2))
        progress.checkTime(Self.at(4), isAwaited: false)
        #expect(progress.deadline == Self.at(5) && !progress.hasBegun)
    }

    @Test("an upstream that only keeps alive is never cut", arguments: [true, false])
    func upstream(notes: Bool) async throws {
        let events = ["data: x\n\n"] + Array(repeating: ": alive\n\n", count: 10_000)
        try await ScriptedUpstream.with(.sse(events, every: .milliseconds(10))) { upstream in
            let lane = try TestLane(upstream) { options in
                options.idleTimeout = .milliseconds(200)
                options.totalTimeout = notes ? .seconds(600) : .milliseconds(800)
            }
            await #expect(throws: notes ? LaneFailure.stalled : .totalTimeout) {
                try await lane.run { response in
                    _ = try await response.next()
                    if notes { response.noteProgress() }
                    while try await response.next() != nil {}
                }
            }
        }
    }

    @Test("who is ended from outside waits on", arguments: [false, true])
    func ended(hasBegun: Bool) async throws {
        let half = Behaviour.stall(afterBytes: 95, of: .sse(["data: x\n\n", "data: y\n\n"]))
        let behaviour: Behaviour = hasBegun ? half : .silence
        try await ScriptedUpstream.with(behaviour) { upstream in
            let lane = try TestLane(upstream)
            let ending = ExchangeEnd()
            var request = LaneRequest(path: "/chat", body: ByteBuffer(string: "{}"))
            request.ending = ending
            let task = lane.start(request) { response in
                while try await response.next() != nil {}
            }
            try await upstream.requests.until { $0.count == 1 }
            lane.executors[0].eventLoop.execute { ending.end() }
            await #expect(throws: CancellationError.self) { try await task.value }
            _ = try await upstream.closed(0)
        }
    }
}
