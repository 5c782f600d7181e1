import Gateway
import GatewayTesting
import NIOCore
import NIOPosix
import Providers
import Testing
import Wire

@Suite struct PoolTests {
    @Test func aConnectionThatTheProviderClosedWhileIdleIsToldApart() async throws {
        // The second request meets a connection that dies under it.
        try await ScriptedUpstream.with(.attemptBased { $0 == 1 ? .closeBeforeHead : .answer(body: "{}") }) {
            upstream in
            let lane = try TestLane(upstream)
            try await lane.exchange()
            #expect(await lane.failure() == .closedBeforeHead(reused: true))
            #expect(try await lane.exchange().text == "{}")
            #expect(upstream.requests.value.map(\.connection) == [0, 0, 1])
        }
        try await ScriptedUpstream.with(.closeBeforeHead) { upstream in
            let lane = try TestLane(upstream)
            #expect(await lane.failure() == .closedBeforeHead(reused: false))
        }
    }

    @Test func aConnectionThatEndsWhileIdleIsNotUsed() async throws {
        let once = Behaviour.cut(of: .answer(body: "{}"))
        try await ScriptedUpstream.with(.attemptBased { $0 == 0 ? once : .answer(body: "{}") }) { upstream in
            let lane = try TestLane(upstream)
            try await lane.exchange()
            _ = try await upstream.closed(0)
            try await eventually { lane.lane.openConnections == 0 }
            #expect(try await lane.exchange().text == "{}")
        }
    }

    @Test func bytesThatNobodyAskedForEndAnIdleConnection() async throws {
        try await ScriptedUpstream.with(.sse(["x"])) { upstream in
            let lane = try TestLane(upstream)
            try await lane.exchange()
            upstream.behave(
                .garbage(
                    "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nxHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil"))
            #expect(try await lane.exchange().text == "x")
            upstream.behave(.answer(body: "good"))
            #expect(try await lane.exchange().text == "good")
            #expect(upstream.requests.value.map(\.connection) == [0, 0, 1])
        }
    }

    @Test func noMoreConnectionsAreOpenedThanAllowedAndWaitersComeInOrder() async throws {
        try await ScriptedUpstream.with(.sse(["x"], every: .milliseconds(20))) { upstream in
            let lane = try TestLane(upstream) { $0.maxConnections = 2 }
            let order = Watched<[Int]>([])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    let started = Watched(false)
                    group.addTask {
                        let executor = lane.executors[0]
                        try await Task(executorPreference: executor) {
                            let request = LaneRequest(path: "/\(number)", body: ByteBuffer(string: "{}"))
                            started.change { $0 = true }
                            try await lane.lane.exchange(request, on: executor) { response in
                                while try await response.next() != nil {}
                            }
                            order.change { $0.append(number) }
                        }.value
                    }
                    try await started.until { $0 }
                }
                try await group.waitForAll()
            }
            #expect(upstream.connections.value.count <= 2)
            #expect(upstream.requests.value.map(\.uri).map { $0.last! } == Array("01234567"))
            #expect(order.value.count == 8)
        }
    }

    @Test func aWaiterWhoseConnectionEndsAsItIsHandedOverIsTold() async throws {
        // The reader stops at the last event; the end of the body and the
        // connection's come together, a moment later.
        let events = ["data: 1\n\n", "data: [DONE]\n\n"]
        try await ScriptedUpstream.with(.cut(of: .sse(events, every: .milliseconds(1)))) { upstream in
            let lane = try TestLane(upstream) { $0.maxConnections = 1 }
            let results = try await inTime {
                await withTaskGroup(of: Result<Void, any Error>.self) { group in
                    for _ in 0..<50 {
                        group.addTask {
                            await lane.start { response in
                                while let bytes = try await response.next() {
                                    if String(buffer: bytes).contains("[DONE]") { return }
                                }
                            }.result
                        }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
            }
            for case .failure(let error) in results {
                #expect(error as? LaneFailure == .closedBeforeHead(reused: true))
            }
        }
    }

    @Test func whoWaitsBeyondTheBoundIsTurnedAway() async throws {
        try await ScriptedUpstream.with(.silence) { upstream in
            let lane = try TestLane(upstream) { options in
                options.maxConnections = 1
                options.maxWaiting = 1
            }
            let first = lane.start { $0.head.status }
            try await upstream.requests.until { $0.count == 1 }
            let second = lane.start { $0.head.status }
            // The second waits once a third is turned away.
            try await eventuallyFails(with: { if case .overloaded = $0 { true } else { false } }, lane)
            second.cancel()
            _ = await second.result
            first.cancel()
            _ = await first.result
            _ = try await upstream.closed(0)
            upstream.behave(.answer(body: "{}"))
            // The places of both are free again.
            for _ in 0..<3 { #expect(try await lane.exchange().text == "{}") }
        }
    }

    private func eventuallyFails(with isIt: (LaneFailure) -> Bool, _ lane: TestLane) async throws {
        // Whoever is not turned away soon waits, and makes room for another try.
        for _ in 0..<3000 {
            let task = lane.start { $0.head.status }
            let failure = Watched<LaneFailure?>(nil)
            let watcher = Task {
                do { _ = try await task.value } catch let error as LaneFailure { failure.change { $0 = error } }
            }
            _ = try? await failure.until(within: .milliseconds(20)) { $0 != nil }
            task.cancel()
            _ = await watcher.result
            if let failure = failure.value {
                #expect(isIt(failure), "\(failure)")
                return
            }
        }
        Issue.record("nobody was turned away")
    }

    @Test func aWaiterThatLeavesTakesNoPlaceWithIt() async throws {
        try await ScriptedUpstream.with(.silence) { upstream in
            let lane = try TestLane(upstream) { options in
                options.maxConnections = 1
                options.maxWaiting = 4
            }
            let first = lane.start { $0.head.status }
            try await upstream.requests.until { $0.count == 1 }
            for _ in 0..<50 {
                let waiter = lane.start { $0.head.status }
                waiter.cancel()
                await #expect(throws: CancellationError.self) { try await waiter.value }
            }
            let patient = lane.start { response in String(buffer: try await response.collect(upTo: 100)) }
            upstream.behave(.answer(body: "{}"))
            first.cancel()
            let text = try await inTime { try await patient.value }
            #expect(text == "{}")
        }
    }

    @Test func aLoopIsNotStarvedByTheIdleConnectionsOfOthers() async throws {
        try await ScriptedUpstream.with(.answer(body: "{}")) { upstream in
            let lane = try TestLane(upstream, loops: 4) { $0.maxConnections = 2 }
            for round in 0..<12 {
                let text = try await inTime("round \(round)") {
                    try await lane.exchange(on: round % 4).text
                }
                #expect(text == "{}")
            }
        }
    }

    @Test func aWaiterIsNotKeptForever() async throws {
        try await ScriptedUpstream.with(.silence) { upstream in
            let lane = try TestLane(upstream) { options in
                options.maxConnections = 1
                options.totalTimeout = .milliseconds(300)
            }
            let first = lane.start { $0.head.status }
            try await upstream.requests.until { $0.count == 1 }
            let failure = try await inTime { await lane.failure() }
            #expect(failure != nil)
            first.cancel()
            _ = await first.result
        }
    }

    @Test func manyRequestsAtOnceOpenNoMoreThanTheyNeed() async throws {
        try await ScriptedUpstream.with(.sse(["x"], every: .milliseconds(1))) { upstream in
            let lane = try TestLane(upstream, loops: 4) { $0.maxConnections = 64 }
            var most = 0
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<400 {
                    group.addTask { _ = try await lane.exchange(on: number % 4) }
                }
                for try await _ in group { most = max(most, lane.lane.openConnections) }
            }
            #expect(upstream.requests.value.count == 400)
            // Each loop may be about to find that there is no room.
            #expect(most <= 64 + 4)
            lane.lane.retire()
            try await eventually { lane.lane.openConnections == 0 }
            try await eventually { upstream.openConnections == 0 }
        }
    }

    @Test func idleConnectionsExpire() async throws {
        try await ScriptedUpstream.with(.answer(body: "{}")) { upstream in
            let lane = try TestLane(upstream) { $0.keepAlive = .milliseconds(100) }
            try await lane.exchange()
            let connection = try await upstream.closed(0)
            #expect(connection.closedByPeer)
            let age = connection.openedAt.duration(to: connection.closedAt!)
            #expect(age > .milliseconds(90))
            try await eventually { lane.lane.openConnections == 0 }
            try await lane.exchange()
        }
    }

    @Test func aRetiredLaneFinishesWhatItBegan() async throws {
        try await ScriptedUpstream.with(.sse(["a", "b", "c"], every: .milliseconds(30))) { upstream in
            let lane = try TestLane(upstream)
            let task = lane.start { response in String(buffer: try await response.collect(upTo: 100)) }
            try await upstream.requests.until { $0.count == 1 }
            lane.lane.retire()
            #expect(try await task.value == "abc")
            _ = try await upstream.closed(0)
            try await eventually { lane.lane.openConnections == 0 }
        }
    }

    @Test func aLaneThatIsGoneLeavesNothingBehind() async throws {
        // Its connections outlive it for a moment; they must not reach for it.
        try await ScriptedUpstream.with(.answer(body: "{}")) { upstream in
            for _ in 0..<20 {
                var lane: TestLane? = try TestLane(upstream, loops: 4)
                for loop in 0..<4 { try await lane!.exchange(on: loop) }
                lane!.lane.retire()
                lane = nil
            }
            try await eventually { upstream.openConnections == 0 }
        }
    }

    @Test func aLaneOfOtherLoopsSaysSo() async throws {
        try await ScriptedUpstream.with(.answer(body: "{}")) { upstream in
            let lane = try TestLane(upstream)
            let stranger = EventLoopTaskExecutor(MultiThreadedEventLoopGroup.singleton.next())
            await #expect(throws: LaneFailure.self) {
                try await lane.lane.exchange(LaneRequest(path: "/"), on: stranger) { _ in }
            }
        }
    }

    @Test func aTaskOfNoLoopIsMovedToOne() async throws {
        try await ScriptedUpstream.with(.answer(body: "{}")) { upstream in
            let lane = try TestLane(upstream)
            let status = try await lane.lane.exchange(LaneRequest(path: "/"), on: lane.executors[0]) { $0.head.status }
            #expect(status == 200)
        }
    }
}
