import GatewayTesting
import Testing

@Suite struct ManualClockTests {
    @Test func nobodyWakesBeforeTheClockIsMoved() async throws {
        let clock = ManualClock()
        let woken = Watched<[Int]>([])
        await withTaskGroup(of: Void.self) { group in
            for seconds in 1...3 {
                group.addTask {
                    try? await clock.sleep(for: .seconds(seconds))
                    woken.change { $0.append(seconds) }
                }
            }
            for seconds in 1...3 {
                try? await eventually { clock.sleepers == 4 - seconds }
                #expect(woken.value == Array(1..<seconds))
                clock.advance(by: .seconds(1))
                try? await eventually { woken.value.count == seconds }
            }
        }
        #expect(woken.value == [1, 2, 3])
        try await clock.sleep(until: clock.now, tolerance: nil)
    }

    @Test func aSleeperCanBeCancelled() async throws {
        let clock = ManualClock()
        let task = Task { try await clock.sleep(for: .seconds(1)) }
        try await eventually { clock.sleepers == 1 }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(clock.sleepers == 0)
    }
}
