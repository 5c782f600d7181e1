import AsyncHTTPClient
package import Logging
package import NIOCore
import Subprocess
import SystemPackage

/// Keeps one engine running: starts its process, waits until it answers, and
/// starts it again, after a growing delay, whenever it ends.
///
/// The engine listens on a Unix socket in a directory that only this user can
/// enter, has an empty environment and opens no port. It ends when ``run()``
/// is cancelled, and also when this process dies in any way: its standard
/// input is a socket whose other end only we hold.
package actor EngineSupervisor {
    /// Where the engine listens, once it is ready.
    package nonisolated let socketPath: String

    private let configuration: EngineConfiguration
    private let logger: Logger
    private let eventLoopGroup: any EventLoopGroup
    private nonisolated let gate: ReadinessGate
    private var policy: RestartPolicy

    /// - Parameters:
    ///   - mostWaiting: requests that may wait for the engine at once.
    ///   - eventLoopGroup: carries the health probes; nothing else.
    package init(
        _ configuration: EngineConfiguration, logger: Logger, policy: RestartPolicy = RestartPolicy(),
        mostWaiting: Int = 256, eventLoopGroup: any EventLoopGroup = HTTPClient.defaultEventLoopGroup
    ) {
        self.configuration = configuration
        socketPath = configuration.socketPath
        var logger = logger
        logger[metadataKey: "engine"] = "\(configuration.provider)"
        self.logger = logger
        self.policy = policy
        self.eventLoopGroup = eventLoopGroup
        gate = ReadinessGate(provider: configuration.provider, mostWaiting: mostWaiting)
    }

    /// Where the engine stands now.
    package nonisolated var state: EngineState { gate.status.state }

    /// The state, with what there is to know about restarts and process.
    package nonisolated var status: EngineStatus { gate.status }

    /// How many requests wait for the engine now.
    package nonisolated var waitingRequests: Int { gate.waiting }

    /// Returns when the engine is ready: at once, without suspending, if it is.
    ///
    /// - Throws: ``EngineUnavailable``: when `limit` is over or the task is
    ///   cancelled; at once if too many wait already, if the engine has
    ///   failed more than once in a row, or if nothing runs it.
    package nonisolated func waitUntilReady(within limit: Duration) async throws(EngineUnavailable) {
        try await gate.waitUntilReady(within: limit)
    }

    /// Runs the engine until the surrounding task is cancelled, then ends it:
    /// SIGTERM, and SIGKILL three seconds later if it is still there.
    ///
    /// Failures to start are states, not errors: they are logged, told to
    /// waiting requests and tried again. Call it once at a time.
    package func run() async {
        let client = HTTPClient(
            eventLoopGroupProvider: .shared(eventLoopGroup), configuration: HealthProbe.settings)
        while !Task.isCancelled {
            gate.update(failures: policy.failures) { $0.state = .starting }
            let ending = await runOnce(probe: HealthProbe(client: client, socketPath: socketPath))
            if Task.isCancelled { break }
            let now = ContinuousClock.now
            let delay = policy.delay(
                diedAt: now, healthySince: ending.healthySince, chance: .random(in: 0..<1))
            gate.update(failures: policy.failures) {
                $0.state = .failed(reason: ending.reason, retryAt: now + delay)
                $0.processID = nil
            }
            logger.error(
                "engine ended, will be started again",
                metadata: [
                    "reason": "\(ending.reason)", "in": "\(delay)", "failures": "\(policy.failures)",
                ])
            guard (try? await Task.sleep(until: now + delay, clock: .continuous)) != nil else { break }
            gate.update(failures: policy.failures) { $0.restarts += 1 }
        }
        gate.update(failures: 0) {
            $0.state = .stopped
            $0.processID = nil
        }
        try? await client.shutdown()
    }

    /// How one run of the process came to its end.
    private struct Ending {
        var reason: String
        var healthySince: ContinuousClock.Instant?
    }

    private func runOnce(probe: HealthProbe) async -> Ending {
        do {
            let command = try EngineCommand(configuration)
            let directory = try PrivateDirectory(path: FilePath(socketPath).removingLastComponent().string)
            directory.remove("engine.sock")
            var order: [UInt8] = []
            if case .python = configuration.launcher {
                try directory.write(PackageResources.launch_engine_py, to: EngineCommand.launcherName)
                order = try EngineStartOrder(configuration).line()
            }
            return try await supervise(command, order: order, probe: probe)
        } catch let error as EngineStartError {
            return Ending(reason: error.description)
        } catch {
            return Ending(reason: "the engine's process could not be run: \(error)")
        }
    }

    private static let ending: [TeardownStep] = [.gracefulShutDown(allowedDurationToNextStep: .seconds(3))]

    private func supervise(
        _ command: EngineCommand, order: [UInt8], probe: HealthProbe
    ) async throws -> Ending {
        let lifeline = try Lifeline()
        var options = PlatformOptions()
        // A terminal's Ctrl-C is for us alone: we let running requests finish.
        options.processGroupID = 0
        options.teardownSequence = Self.ending
        let environment = command.environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) }
        let isKnown = if case .python = configuration.launcher { true } else { false }
        var log = EngineLog(logger: logger, isKnown: isKnown)
        var isLate = false
        let result = try await Subprocess.run(
            .path(FilePath(command.executable)), arguments: Arguments(command.arguments),
            environment: .custom(Dictionary(uniqueKeysWithValues: environment)),
            workingDirectory: command.workingDirectory.map { FilePath($0) }, platformOptions: options,
            input: .fileDescriptor(lifeline.child, closeAfterSpawningProcess: true),
            output: .sequence, error: .combinedWithOutput
        ) { process in
            gate.update(failures: policy.failures) { $0.processID = process.processIdentifier.value }
            logger.info("engine started", metadata: ["pid": "\(process.processIdentifier.value)"])
            // A process that is gone already tells more in its output.
            if !order.isEmpty { try? lifeline.send(order) }
            isLate = try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    let isReady = await self.waitForHealth(probe)
                    if isReady == false { await process.teardown(using: Self.ending) }
                    return isReady == false
                }
                do {
                    for try await bytes in process.standardOutput {
                        bytes.withUnsafeBytes { log.take($0, serving: isServing) }
                    }
                } catch is CancellationError {}
                group.cancelAll()
                return try await group.next() ?? false
            }
        }
        log.finish(serving: isServing)
        return Ending(
            reason: reason(result.terminationStatus, complaint: log.complaint, isLate: isLate),
            healthySince: healthySince)
    }
    /// Waits for the first healthy answer, and opens the gate then.
    ///
    /// - Returns: true if it came, false if it took too long, nil if the
    ///   process ended first and the task was cancelled.
    private func waitForHealth(_ probe: HealthProbe) async -> Bool? {
        let started = ContinuousClock.now
        var pause = Duration.milliseconds(10)
        while !Task.isCancelled {
            if await probe.isHealthy() {
                let opening = await probe.toolCallOpening()
                gate.update(failures: policy.failures) {
                    $0.toolCallOpening = opening
                    $0.state = .ready(since: .now)
                }
                logger.info("engine ready", metadata: ["after": "\(started.duration(to: .now))"])
                return true
            }
            if started.duration(to: .now) >= configuration.startTimeout { return false }
            guard (try? await Task.sleep(for: pause)) != nil else { break }
            pause = min(pause * 1.5, .milliseconds(250))
        }
        return nil
    }

    private var healthySince: ContinuousClock.Instant? {
        if case .ready(let since) = gate.status.state { since } else { nil }
    }

    private var isServing: Bool { healthySince != nil }

    private func reason(_ status: TerminationStatus, complaint: String?, isLate: Bool) -> String {
        let said = complaint.map { "; it said: \($0)" } ?? ""
        if isLate {
            return
                "it did not get ready within \(configuration.startTimeout); give it more time with start_timeout, or a smaller model or context\(said)"
        }
        switch status {
        // The launcher has said in full what is wrong.
        case .exited(EngineCommand.misconfigured): return complaint ?? "its configuration is wrong"
        case .exited(let code): return "it exited with status \(code)\(isServing ? "" : " before it was ready")\(said)"
        case .signaled(let signal):
            let hint = signal == 9 ? " (killed by hand, or the machine ran out of memory)" : ""
            return "it was ended by signal \(signal)\(hint)\(said)"
        }
    }
}
