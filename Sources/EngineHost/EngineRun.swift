import AsyncHTTPClient
import Custody
import Logging
import Subprocess
import SystemPackage

/// One run of an engine's process, from its weights to its end.
extension EngineProcess {
    /// The end of one run of the process.
    struct Ending {
        var reason: String
        var healthySince: ContinuousClock.Instant?
        var weightsChanged = false
    }

    /// The stage that an engine has reached.
    enum Outcome {
        /// The engine's process ended first.
        case ended
        case served
        case late
        case refused(CustodyProblem)
        /// The engine's weights have changed in memory.
        case changed(ScrubPolicy.Verdict)
    }

    func runOnce(probe: HealthProbe) async -> Ending {
        do {
            let held = try await weights()
            let places = try WeightPlaces(held.sealed)
            let command = try EngineCommand(configuration, weights: places)
            let directory = try PrivateDirectory(path: configuration.privatePath)
            guard configuration.isOwnLauncher else {
                _ = try SocketFolder(in: directory, at: configuration.socketFolder, owner: nil, weights: places)
                return try await supervise(command, order: [0x0A], held, probe: probe)
            }
            let user = EngineUser()
            let number = user?.number
            _ = try SocketFolder(in: directory, at: configuration.socketFolder, owner: number)
            try directory.write(EngineCommand.launcher, to: EngineCommand.launcherName)
            let order = try EngineStartOrder(configuration, weights: places, user: number).line()
            let ending = try await supervise(command, order: order, held, probe: probe)
            // It is nobody else's for as long as the engine runs.
            return withExtendedLifetime(user) { ending }
        } catch let error as EngineStartError {
            return Ending(reason: error.description)
        } catch let problem as CustodyProblem {
            refuse(problem)
            return Ending(reason: problem.description)
        } catch {
            return Ending(reason: "the engine's process could not be run: \(error)")
        }
    }

    private func refuse(_ problem: CustodyProblem) {
        guard problem != refused else { return }
        refused = problem
        told(.refused(provider: configuration.provider, problem))
    }

    /// The sealed weights: those of the last run, where they are still what is
    /// asked for, or new ones.
    private func weights() async throws(CustodyProblem) -> HeldWeights {
        if let held {
            let stands = await onAnotherThread { [stillStands, configuration] () -> Result<Bool, CustodyProblem> in
                do throws(CustodyProblem) {
                    return .success(try await stillStands(configuration, held.sealed.expected))
                } catch {
                    return .failure(error)
                }
            }
            if try stands.get() { return held }
            self.held = nil
        }
        let began = ContinuousClock.now
        let loaded = await onAnotherThread { [load, configuration] () -> Result<HeldWeights, CustodyProblem> in
            do throws(CustodyProblem) { return .success(HeldWeights(try await load(configuration))) } catch {
                return .failure(error)
            }
        }
        let new = try loaded.get()
        held = new
        let took = began.duration(to: .now)
        logger.info(
            "weights verified in sealed memory",
            metadata: ["manifest": "\(new.sealed.expected.origin.rawValue)", "took": "\(took)"])
        told(
            .verified(
                .init(
                    provider: configuration.provider, model: new.sealed.expected.model,
                    manifestRoot: new.sealed.expected.manifestRoot, origin: new.sealed.expected.origin,
                    files: new.sealed.files.map { ($0.name, $0.sha256) }, took: took)))
        return new
    }

    private static let teardown: [TeardownStep] = [.gracefulShutDown(allowedDurationToNextStep: .seconds(3))]

    private func supervise(
        _ command: EngineCommand, order: [UInt8], _ held: HeldWeights, probe: HealthProbe
    ) async throws -> Ending {
        let lifeline = try Lifeline()
        let ear = try lifeline.listening()
        defer { try? ear.close() }
        var options = PlatformOptions()
        // A terminal's Ctrl-C is for us alone: we let running requests finish.
        options.processGroupID = 0
        options.teardownSequence = Self.teardown
        let environment = command.environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) }
        var log = EngineLog(logger: logger, isKnown: configuration.isOwnLauncher)
        var outcome = Outcome.ended
        let result = try await Subprocess.run(
            .path(FilePath(command.executable)), arguments: Arguments(command.arguments),
            environment: .custom(Dictionary(uniqueKeysWithValues: environment)),
            workingDirectory: command.workingDirectory.map { FilePath($0) }, platformOptions: options,
            input: .fileDescriptor(lifeline.child, closeAfterSpawningProcess: true),
            output: .sequence, error: .combinedWithOutput
        ) { process in
            let number = process.processIdentifier.value
            gate.process = ProcessIdentity(child: number)
            gate.update(failures: failures) { $0.processID = number }
            logger.info("engine started", metadata: ["pid": "\(number)"])
            // A process that is gone already tells more in its output.
            try? lifeline.send(
                order, descriptors: held.sealed.files.map { FileDescriptor(rawValue: $0.memory.descriptor) })
            outcome = try await withThrowingTaskGroup(of: Outcome.self) { group in
                group.addTask {
                    let outcome = await self.bringUp(number, held, ear, probe)
                    switch outcome {
                    case .served, .ended: break
                    // Not asked to: whoever changed them may sit in it.
                    case .changed: try? process.send(signal: .kill, toProcessGroup: true)
                    case .late, .refused: await process.teardown(using: Self.teardown)
                    }
                    return outcome
                }
                do {
                    for try await bytes in process.standardOutput {
                        bytes.withUnsafeBytes { log.take($0, serving: isServing) }
                    }
                } catch is CancellationError {}
                group.cancelAll()
                return try await group.next() ?? .ended
            }
        }
        log.finish(serving: isServing)
        if case .refused(let problem) = outcome { refuse(problem) }
        var ending = Ending(
            reason: reason(result.terminationStatus, complaint: log.complaint, outcome), healthySince: healthySince)
        if case .changed = outcome { ending.weightsChanged = true }
        return ending
    }

    /// Waits for the first healthy answer and for the receipt, and opens the
    /// gate then.
    private func bringUp(
        _ process: Int32, _ held: HeldWeights, _ ear: FileDescriptor, _ probe: HealthProbe
    ) async -> Outcome {
        let started = ContinuousClock.now
        let deadline = started + configuration.startTimeout
        var report: EngineReport?
        if configuration.isOwnLauncher {
            let answer = await onAnotherThread { Lifeline.answer(on: ear, by: deadline) }
            guard let answer else { return ContinuousClock.now >= deadline ? .late : .ended }
            report = EngineReport(answer)
        }
        guard let isHealthy = await waitForHealth(probe, until: deadline) else { return .ended }
        guard isHealthy else { return .late }
        let receipt: CustodyReceipt
        do throws(CustodyProblem) {
            receipt = try await certify(process, held, report)
        } catch {
            return .refused(error)
        }
        let opening = await probe.toolCallOpening()
        refused = nil
        gate.receipt = receipt
        // On record before anybody is let through.
        told(.loaded(receipt))
        gate.update(failures: policy.failures) {
            $0.toolCallOpening = opening
            $0.state = .ready(since: .now)
        }
        var metadata: Logger.Metadata = ["after": "\(started.duration(to: .now))", "receipt": "\(receipt.id)"]
        for missing in receipt.missing { metadata["without \(missing.name.rawValue)"] = "\(missing.how)" }
        logger.log(level: receipt.missing.isEmpty ? .info : .warning, "engine ready", metadata: metadata)
        return await watch(held, receipt)
    }

    private func certify(
        _ process: Int32, _ held: HeldWeights, _ report: EngineReport?
    ) async throws(CustodyProblem) -> CustodyReceipt {
        let receipt = try await onAnotherThread { [configuration] () -> Result<CustodyReceipt, CustodyProblem> in
            do throws(CustodyProblem) {
                let engine =
                    configuration.isOwnLauncher ? process : EngineFamily.holder(of: held.sealed, below: process)
                return .success(
                    try CustodyReceipt.certify(
                        held.sealed, provider: configuration.provider, process: engine, report: report,
                        launcher: configuration.isOwnLauncher ? EngineCommand.launcherImage : nil))
            } catch { return .failure(error) }
        }.get()
        guard configuration.custody == .required, let missing = receipt.missing.first else { return receipt }
        throw CustodyProblem(
            .engine,
            "custody is required, and the engine is not shut in: \(missing.name.rawValue): \(missing.how)"
                + (receipt.missing.count > 1 ? " (and \(receipt.missing.count - 1) more)" : ""),
            remedy: "run Holdfast as root or where user namespaces are allowed, with its own launcher; "
                + "or set custody: best-effort")
    }

    /// - Returns: true if it became healthy in time, false if not; nil if the task was cancelled first.
    private func waitForHealth(_ probe: HealthProbe, until deadline: ContinuousClock.Instant) async -> Bool? {
        var pause = Duration.milliseconds(10)
        while !Task.isCancelled {
            if await probe.isHealthy() { return true }
            if ContinuousClock.now >= deadline { return false }
            guard (try? await Task.sleep(for: pause)) != nil else { break }
            pause = min(pause * 1.5, .milliseconds(250))
        }
        return nil
    }

    private var healthySince: ContinuousClock.Instant? {
        if case .ready(let since) = gate.status.state { since } else { nil }
    }

    private var isServing: Bool { healthySince != nil }

    private func reason(_ status: TerminationStatus, complaint: String?, _ outcome: Outcome) -> String {
        let said = complaint.map { "; it said: \($0)" } ?? ""
        switch outcome {
        case .refused(let problem): return problem.description
        case .late:
            return
                "it did not get ready within \(configuration.startTimeout); give it more time with start_timeout, or a smaller model or context\(said)"
        case .changed(.reload):
            return "its weights changed in memory; they are being loaded again from verified bytes"
        case .changed(.quarantine):
            return Self.quarantined
        case .served, .ended: break
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
