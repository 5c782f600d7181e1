import AsyncHTTPClient
package import Custody
package import Logging
package import NIOCore
import Subprocess
import SystemPackage

/// The supervisor that keeps one engine running: starts its process, waits until it answers, and starts it again, after
/// a growing delay, whenever it ends.
///
/// An engine is a separate process that computes a hosted model's answers. It gets its model in sealed memory and never
/// as a path, listens on a Unix socket in a directory that no other user can enter, and has an empty environment and no
/// network. It is ready once its actual state has been read from the kernel and recorded in a ``CustodyReceipt``.
///
/// It ends when ``run()`` is cancelled, and also when this process ends for any reason: its standard input is a socket
/// whose other end only this process has.
package actor EngineProcess {
    /// The path of the socket on which the engine listens, once it is ready.
    package nonisolated let socketPath: String

    nonisolated let configuration: EngineConfiguration
    nonisolated let logger: Logger
    let eventLoopGroup: any EventLoopGroup
    nonisolated let gate: ReadinessGate
    let load: WeightsLoading
    let stillStands: WeightsRecheck
    let told: @Sendable (CustodyEvent) -> Void
    var policy: RestartPolicy
    /// Kept while it runs: an engine that crashed gets them again.
    var held: HeldWeights?
    /// The last refusal, so that it is recorded once and not at every attempt.
    var refused: CustodyProblem?
    var scrubbing: ScrubPolicy
    /// True if the engine's weights have changed and are being loaded again.
    var isReload = false
    let lifts: AsyncStream<Void>
    private let lifted: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - load: loads the weights; called on a thread of its own.
    ///   - stillStands: checks whether weights that an engine already had may be used for another start.
    ///   - told: receives the custody events. Must not block.
    ///   - mostWaiting: the number of requests that may wait for the engine at once.
    ///   - standing: the remembered standing of its weights in memory.
    ///   - eventLoopGroup: the event loops of the health probes; they are used for nothing else.
    package init(
        _ configuration: EngineConfiguration, load: @escaping WeightsLoading,
        stillStands: @escaping WeightsRecheck = { _, _ in true }, logger: Logger,
        told: @escaping @Sendable (CustodyEvent) -> Void = { _ in }, policy: RestartPolicy = RestartPolicy(),
        mostWaiting: Int = 256, standing: ScrubPolicy.ScrubState = .trusted,
        eventLoopGroup: any EventLoopGroup = HTTPClient.defaultEventLoopGroup
    ) {
        scrubbing = ScrubPolicy(remembered: standing)
        (lifts, lifted) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.load = load
        self.stillStands = stillStands
        self.told = told
        self.configuration = configuration
        socketPath = configuration.socketPath
        var logger = logger
        logger[metadataKey: "engine"] = "\(configuration.provider)"
        self.logger = logger
        self.policy = policy
        self.eventLoopGroup = eventLoopGroup
        gate = ReadinessGate(provider: configuration.provider, mostWaiting: mostWaiting)
    }

    /// An administrator lets a quarantined model be loaded again.
    package nonisolated func lift() { Task { await liftQuarantine() } }

    private func liftQuarantine() {
        guard scrubbing.isQuarantined else { return }
        scrubbing.lift()
        lifted.yield()
    }

    /// The name of its model.
    package nonisolated var model: String { configuration.alias }

    /// The engine's present state.
    package nonisolated var state: EngineState { gate.status.state }

    /// The receipt in force; nil while nothing serves.
    package nonisolated var receipt: CustodyReceipt? { gate.receipt }

    /// The state, with what there is to know about restarts and process.
    package nonisolated var status: EngineStatus { gate.status }

    /// The number of requests that wait for the engine now.
    package nonisolated var waitingRequests: Int { gate.waiting }

    /// Returns when the engine is ready: at once, without suspending, if it is.
    ///
    /// - Throws: ``EngineUnavailable``: when `limit` is over or the task is
    ///   cancelled; at once if too many wait already, if the engine has
    ///   failed more than once in a row, or if nothing runs it.
    package nonisolated func waitUntilReady(within limit: Duration) async throws(EngineUnavailable) {
        try await gate.waitUntilReady(within: limit)
    }

    /// Runs the engine until the surrounding task is cancelled, then ends it: SIGTERM, and SIGKILL three seconds later
    /// if it still runs.
    ///
    /// Failures to start are states, not errors: they are logged, reported to waiting requests, and the start is tried
    /// again. Call it once at a time.
    package func run() async {
        var settings = HealthProbe.settings
        settings.http1_1ConnectionDebugInitializer = { self.admitPeer(of: $0) }
        let client = HTTPClient(eventLoopGroupProvider: .shared(eventLoopGroup), configuration: settings)
        if scrubbing.isQuarantined {
            fail(Self.quarantined, failures: Self.noPatience, retryAt: .now)
            logger.error("the model is in quarantine, and is not loaded", metadata: ["reason": "\(Self.quarantined)"])
            await liftedQuarantine()
        }
        while !Task.isCancelled {
            // Nobody waits for weights that are being brought up again.
            if !isReload { gate.update(failures: failures) { $0.state = .starting } }
            let ending = await runOnce(probe: HealthProbe(client: client, socketPath: socketPath))
            if Task.isCancelled { break }
            isReload = ending.weightsChanged
            guard await isReload ? afterChange(ending) : afterDeath(ending) else { break }
            gate.update(failures: failures) { $0.restarts += 1 }
        }
        gate.update(failures: 0) {
            $0.state = .stopped
            $0.processID = nil
        }
        gate.receipt = nil
        gate.process = nil
        held = nil
        try? await client.shutdown()
    }

    /// Waits before an engine that died is started again.
    /// - Returns: false if the task was cancelled.
    private func afterDeath(_ ending: Ending) async -> Bool {
        let now = ContinuousClock.now
        let delay = policy.delay(diedAt: now, healthySince: ending.healthySince, chance: .random(in: 0..<1))
        fail(ending.reason, failures: policy.failures, retryAt: now + delay)
        logger.error(
            "engine ended, will be started again",
            metadata: ["reason": "\(ending.reason)", "in": "\(delay)", "failures": "\(policy.failures)"])
        return (try? await Task.sleep(until: now + delay, clock: .continuous)) != nil
    }

    /// Changed weights are loaded anew at once; changed again, when an
    /// administrator says so.
    /// - Returns: false if the task was cancelled.
    private func afterChange(_ ending: Ending) async -> Bool {
        held = nil
        fail(ending.reason, failures: Self.noPatience, retryAt: .now)
        return scrubbing.isQuarantined ? await liftedQuarantine() : true
    }

    static let quarantined =
        "its weights changed in memory twice within a day; find out why, then lift the hold with holdfast restore"

    /// Waits until an administrator has lifted the quarantine.
    /// - Returns: false if the task was cancelled.
    @discardableResult private func liftedQuarantine() async -> Bool {
        for await _ in lifts where !scrubbing.isQuarantined {
            logger.notice("the quarantine is lifted, the weights are loaded again")
            return true
        }
        return false
    }

    /// As many failures as make requests wait for nothing.
    static let noPatience = 2

    /// Failures in a row, as requests that would wait see them.
    var failures: Int { isReload ? Self.noPatience : policy.failures }

    func fail(_ reason: String, failures: Int, retryAt: ContinuousClock.Instant) {
        gate.receipt = nil
        gate.process = nil
        gate.update(failures: failures) {
            $0.state = .failed(reason: reason, retryAt: retryAt)
            $0.processID = nil
        }
    }
}
