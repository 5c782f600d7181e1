import Custody
import Dispatch
import EngineHost
import FoundationEssentials
import Glibc
import Synchronization
import Testing

/// The reported custody events, in order.
final class Told: Sendable {
    private let kept = Mutex<[String]>([])

    var events: [String] { kept.withLock { $0 } }

    func note(_ event: CustodyEvent) {
        let word =
            switch event {
            case .verified: "verified"
            case .loaded: "loaded"
            case .refused(_, let problem): "refused: \(problem.kind.rawValue)"
            case .changed(let change): "changed: \(change.verdict.rawValue)"
            case .impostor: "impostor"
            }
        kept.withLock { $0.append(word) }
    }
}

/// Weights that change in memory while an engine has them.
@Suite(.timeLimit(.minutes(10))) struct ScrubbingTests {
    @Test func oneFlippedBitEndsTheEngineAndASecondQuarantinesTheModel() async throws {
        let (weights, told, log) = (ChangeableWeights(), Told(), LogLines())
        try await withSupervisor(of: .healthy, log: log, load: weights.load, told: told.note) { engine in
            try await eventually("it is ready") { engine.receipt != nil }
            let (first, receipt) = (try #require(engine.status.processID), try #require(engine.receipt))
            #expect(receipt.files[0].seals.names == [] && receipt.id.hasPrefix("custody_"))

            weights.flip(at: 2 << 20)
            try await eventually("the engine is killed") { !isAlive(first) }
            try await eventually("it is back from new bytes") { engine.receipt != nil && engine.receipt != receipt }
            #expect(weights.count == 2)
            let second = try #require(engine.status.processID)

            weights.flip(at: 17)
            try await eventually("the engine is killed again") { !isAlive(second) }
            try await eventually("it is in quarantine") { failure(engine)?.contains("twice within a day") == true }
            #expect(engine.receipt == nil)
            let refusal = await #expect(throws: EngineUnavailable.self) {
                try await engine.waitUntilReady(within: .seconds(60))
            }
            guard case .failing = refusal?.cause else { Issue.record("\(String(describing: refusal))"); return }
            #expect(weights.count == 2, "nothing is loaded in quarantine")

            engine.lift()
            try await eventually("an administrator has lifted it") { engine.receipt != nil }
            #expect(weights.count == 3)
        }
        #expect(
            told.events == [
                "verified", "loaded", "changed: reload", "verified", "loaded", "changed: quarantine", "verified",
                "loaded",
            ])
        #expect(log.lines.contains { $0.contains("WEIGHTS HAVE CHANGED IN MEMORY:") })
        #expect(log.lines.contains { $0.contains("WEIGHTS HAVE CHANGED IN MEMORY AGAIN") })
    }

    /// Requests that come in the meantime go to a standby.
    @Test func nobodyWaitsForWeightsThatAreLoadedAgain() async throws {
        let (weights, again) = (ChangeableWeights(), DispatchSemaphore(value: 0))
        try await withSupervisor(
            of: .healthy,
            load: { () throws(CustodyProblem) in
                if weights.count > 0 { again.wait() }
                return try weights.load()
            }
        ) { engine in
            try await eventually("it is ready") { engine.receipt != nil }
            weights.flip(at: 1)
            try await eventually("it was found") { engine.receipt == nil && engine.status.restarts == 1 }
            let refusal = await #expect(throws: EngineUnavailable.self) {
                try await engine.waitUntilReady(within: .seconds(60))
            }
            guard case .failing = refusal?.cause else { Issue.record("\(String(describing: refusal))"); return }
            again.signal()
            try await eventually("it is back") { engine.receipt != nil }
            try await engine.waitUntilReady(within: .seconds(60))
        }
    }

    @Test func weightsThatAreCutAreFoundChanged() async throws {
        let (weights, told) = (ChangeableWeights(), Told())
        try await withSupervisor(of: .healthy, load: weights.load, told: told.note) { engine in
            try await eventually("it is ready") { engine.receipt != nil }
            weights.cut()
            try await eventually("it was found") { told.events.contains("changed: reload") }
        }
    }

    @Test func quarantineOutlivesARestart() async throws {
        let (weights, told) = (ChangeableWeights(), Told())
        try await withSupervisor(
            of: .healthy, load: weights.load, told: told.note, standing: .quarantined(since: 1)
        ) { engine in
            try await eventually("it says so") { failure(engine)?.contains("twice within a day") == true }
            #expect(weights.count == 0)
            engine.lift()
            try await eventually("it is ready") { engine.receipt != nil }
        }
    }

    @Test func aChangeBeforeTheRestartCounts() async throws {
        let (weights, told) = (ChangeableWeights(), Told())
        try await withSupervisor(
            of: .healthy, load: weights.load, told: told.note, standing: .suspect(since: Int(time(nil)) - 100)
        ) { engine in
            try await eventually("it is ready") { engine.receipt != nil }
            weights.flip(at: 0)
            try await eventually("it is in quarantine") { told.events.last == "changed: quarantine" }
        }
    }

    @Test func whatIsRefusedIsToldOnce() async throws {
        let told = Told()
        let policy = RestartPolicy(first: .milliseconds(5), ceiling: .milliseconds(5))
        try await withSupervisor(
            of: .healthy, policy: policy,
            load: { () throws(CustodyProblem) in throw CustodyProblem(.mismatch, "other bytes", remedy: "see") },
            told: told.note
        ) { engine in
            try await eventually("it was tried a few times") { engine.status.restarts > 3 }
        }
        #expect(told.events == ["refused: mismatch"])
    }

    /// A fake engine shuts itself in by nothing.
    @Test func requiredCustodyServesNothingThatIsNotShutIn() async throws {
        let told = Told()
        try await withSupervisor(of: .healthy, custody: .required, told: told.note) { engine in
            try await eventually("it is refused") { failure(engine) != nil }
            #expect(failure(engine)?.hasPrefix("custody is required, and the engine is not shut in: ") == true)
            #expect(engine.receipt == nil)
        }
        #expect(told.events == ["verified", "refused: engine"])
    }

    @Test func engineUnderADebuggerServesNothing() async throws {
        let told = Told()
        try await withSupervisor(of: .traced, told: told.note) { engine in
            try await eventually("it is refused") { failure(engine) != nil }
            #expect(failure(engine)?.contains("traces the engine") == true, "\(failure(engine) ?? "")")
        }
        #expect(told.events == ["verified", "refused: engine"])
    }

    @Test func clockThatIsSetBackForgivesNothing() {
        var policy = ScrubPolicy()
        #expect(policy.mismatch(at: 1000) == .reload)
        #expect(policy.mismatch(at: 500) == .quarantine && policy.isQuarantined)
        #expect(policy.mismatch(at: 1_000_000) == .quarantine)
        policy.lift()
        #expect(policy == ScrubPolicy())
        var patient = ScrubPolicy()
        #expect(patient.mismatch(at: 0) == .reload)
        #expect(patient.mismatch(at: 24 * 3600 + 1) == .reload, "a day later it is the first again")
        #expect(patient.mismatch(at: 48 * 3600 + 1) == .quarantine)
    }

    private func failure(_ engine: EngineProcess) -> String? {
        if case .failed(let reason, _) = engine.state { reason } else { nil }
    }
}
