import Seeded
import Gateway
import GatewayTesting
import NIOCore
import NIOPosix
import Providers
import Testing
import Wire

/// A caller that goes away must not leave a provider at work.
@Suite(.serialized) struct LeavingTests {
    /// Nothing but the leaving ends the connection: all limits of the lane are
    /// ``never``. The promise is 100 ms, which Tests/Clients measures.
    private func expectClosed(_ upstream: ScriptedUpstream) async throws {
        #expect(try await upstream.closed(0).closedByPeer)
    }

    @Test func whileWaitingForTheFirstByte() async throws {
        try await ScriptedUpstream.with(.silence) { upstream in
            let lane = try TestLane(upstream)
            let task = lane.start { $0.head.status }
            try await upstream.requests.until { $0.count == 1 }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            try await expectClosed(upstream)
            try await eventually { lane.lane.openConnections == 0 }
        }
    }

    @Test func inTheMiddleOfABody() async throws {
        try await ScriptedUpstream.with(
            .stall(afterBytes: 120, of: .sse(["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"]))
        ) { upstream in
            let lane = try TestLane(upstream)
            let events = Watched(0)
            let task = lane.start { response in
                while try await response.next() != nil { events.change { $0 += 1 } }
            }
            try await events.until { $0 > 0 }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            try await expectClosed(upstream)
        }
    }

    /// The gateway notes that the caller has gone, and returns.
    @Test func inTheMiddleOfABodyWithAReaderThatReturns() async throws {
        try await ScriptedUpstream.with(
            .stall(afterBytes: 120, of: .sse(["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"]))
        ) { upstream in
            let lane = try TestLane(upstream)
            let events = Watched(0)
            let task = lane.start { response in
                do {
                    while try await response.next() != nil { events.change { $0 += 1 } }
                } catch is CancellationError {}
            }
            try await events.until { $0 > 0 }
            task.cancel()
            try await expectClosed(upstream)
        }
    }

    @Test func beforeItBegan() async throws {
        try await ScriptedUpstream.with(.silence) { upstream in
            let lane = try TestLane(upstream)
            for _ in 0..<20 {
                let task = lane.start { $0.head.status }
                task.cancel()
                await #expect(throws: CancellationError.self) { try await task.value }
            }
            lane.lane.retire()
            try await eventually { lane.lane.openConnections == 0 }
        }
    }

    @Test func atAnyMoment() async throws {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SplitMix(seed: seed)
        try await ScriptedUpstream.with(.sse(["a", "b", "c"], every: .milliseconds(2))) { upstream in
            let lane = try TestLane(upstream, loops: 4) { $0.maxConnections = 4 }
            var tasks: [Task<Int, any Error>] = []
            for number in 0..<300 {
                let task = lane.start(on: number % 4) { try await $0.collect(upTo: 100).readableBytes }
                tasks.append(task)
                if Bool.random(using: &generator) {
                    let pause = Int.random(in: 0...4000, using: &generator)
                    Task {
                        // The moment is random, and has nothing to do with what is under way.
                        try? await Task.sleep(for: .microseconds(pause))
                        task.cancel()
                    }
                }
            }
            for task in tasks {
                switch await task.result {
                case .success(let count): #expect(count == 3, "seed \(seed)")
                case .failure(let error): #expect(error is CancellationError, "seed \(seed): \(error)")
                }
            }
            // Whoever comes afterwards finds all places free.
            for loop in 0..<4 {
                let text = try await inTime("seed \(seed)") { try await lane.exchange(on: loop).text }
                #expect(text == "abc", "seed \(seed)")
            }
            lane.lane.retire()
            try await eventually("no open connection, seed \(seed)") {
                lane.lane.openConnections == 0
            }
            try await eventually { upstream.openConnections == 0 }
        }
    }

    @Test func aReaderThatDoesNotReadHoldsTheProviderBack() async throws {
        try await ScriptedUpstream.with(.neverEnds) { upstream in
            let lane = try TestLane(upstream)
            let release = Watched(false)
            let read = Watched(0)
            let task = lane.start { response in
                try await release.until { $0 }
                while let bytes = try await response.next() { read.change { $0 += bytes.readableBytes } }
            }
            let taken = try await settled("what is taken") { upstream.connections.value.first?.bytesTaken ?? 0 }
            // What the two sockets hold is the kernel's, not ours: a few
            // megabytes on a loopback.
            #expect(taken < 16 << 20, "\(taken) bytes")
            release.change { $0 = true }
            try await read.until { $0 > 32 << 20 }
            task.cancel()
            _ = await task.result
            try await eventually { lane.lane.openConnections == 0 }
        }
    }
}
