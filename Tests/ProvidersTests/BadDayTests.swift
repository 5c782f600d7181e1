import Gateway
import GatewayTesting
import NIOCore
import Providers
import Testing
import Wire

@Suite struct BadDayTests {
    /// Every exchange ends, in what was planned for it or in a failure; and
    /// nothing is left behind.
    @Test func aProviderThatFailsAllTheTime() async throws {
        let good = Behaviour.answer(body: "{\"good\":true}")
        let plan = FaultPlan(
            seed: .random(in: .min ... .max), share: 0.6,
            faults: [
                .closeBeforeHead, .silence, .garbage("nonsense\r\n\r\n"), .cut(afterBytes: 20, of: good),
                .cut(afterBytes: 90, of: good), .stall(afterBytes: 30, of: good),
                .sse(["a", "b"], every: .milliseconds(5)),
                .cut(of: good), .neverEnds, .answer(status: 500, body: "no"),
            ], good: good)
        try await ScriptedUpstream.with(plan.asBehaviour) { upstream in
            let lane = try TestLane(upstream, loops: 4) { options in
                options.maxConnections = 8
                options.firstByteTimeout = .milliseconds(200)
                options.idleTimeout = .milliseconds(200)
                options.totalTimeout = .seconds(20)
            }
            let requests = 200
            let ends = Watched<[String: Int]>([:])
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<requests {
                    group.addTask {
                        let task = lane.start(on: number % 4) { response in
                            _ = try await response.collect(upTo: 1 << 20)
                            return response.head.status
                        }
                        switch await task.result {
                        case .success(let status): ends.change { $0["\(status)", default: 0] += 1 }
                        case .failure(let failure as LaneFailure): ends.change { $0["\(failure)", default: 0] += 1 }
                        case .failure(let error): Issue.record("seed \(plan.seed): \(error)")
                        }
                    }
                }
            }
            #expect(ends.value.values.reduce(0, +) == requests, "seed \(plan.seed)")
            upstream.behave(good)
            for loop in 0..<4 {
                // On a busy machine even a good answer may come after these limits.
                let text = try await inTime("seed \(plan.seed)") {
                    while !Task.isCancelled {
                        do {
                            return try await lane.exchange(on: loop).text
                        } catch LaneFailure.firstByteTimeout, LaneFailure.stalled {
                            continue
                        }
                    }
                    throw CancellationError()
                }
                #expect(text == "{\"good\":true}")
            }
            lane.lane.retire()
            try await eventually("no open connection, seed \(plan.seed)") {
                lane.lane.openConnections == 0
            }
            try await eventually { upstream.openConnections == 0 }
        }
    }

    @Test func aPlanIsTheSameForTheSameSeed() {
        let faults: [Behaviour] = [.silence, .closeBeforeHead, .neverEnds]
        func plan(_ seed: UInt64) -> [String] {
            let plan = FaultPlan(seed: seed, share: 0.5, faults: faults, good: .answer(body: ""))
            return (0..<200).map { "\(plan.behaviour($0))" }
        }
        #expect(plan(1) == plan(1))
        #expect(plan(1) != plan(2))
        #expect((60...140).contains(plan(3).count { $0.contains("true") }))
    }
}
