import Custody
import EngineHost
import FoundationEssentials
import Glibc
import Synchronization
import Testing

/// The default engine as `make setup` leaves it, if it has been fetched.
private let fetched = FileManager.default.currentDirectoryPath + "/.holdfast"

/// Returns the function that loads a model without signatures as Holdfast does.
func developing(_ directory: String) -> WeightsLoading {
    let manifests = DevelopmentManifests(folder: directory + "/custody")
    return { configuration throws(CustodyProblem) in
        try SealedWeights.load(
            configuration.weights,
            manifests.expected(configuration.weights, name: configuration.provider, model: configuration.alias))
    }
}

/// True if an engine can get its own namespaces here; many containers refuse them.
private let mayUnshare: Bool = {
    var child: pid_t = 0
    let words = ["unshare", "-Un", "true"]
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    arguments.append(nil)
    defer { arguments.forEach { free($0) } }
    guard posix_spawnp(&child, "unshare", nil, nil, &arguments, environ) == 0 else { return false }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    return status == 0
}()

@Suite(
    .timeLimit(.minutes(10)), .enabled(if: access(fetched + "/venv/bin/python", X_OK) == 0, "run `make setup` first"))
struct RealEngineTests {
    @Test func defaultEngineGetsReadyAndLeaves() async throws {
        try await withScratchDirectory { directory in
            let log = LogLines()
            let configuration = EngineConfiguration(
                provider: "here", launcher: .python(interpreter: fetched + "/venv/bin/python"),
                modelFile: fetched + "/models/smollm2-135m.gguf", alias: "smollm2-135m", context: 512, parallel: 1,
                runDirectory: directory)
            let supervisor = EngineProcess(configuration, load: developing(directory), logger: log.logger)
            let running = Task { await supervisor.run() }
            try await eventually("it starts") { supervisor.state != .stopped }
            do { try await supervisor.waitUntilReady(within: .seconds(60)) } catch { Issue.record(error) }
            let process = try #require(supervisor.status.processID)
            running.cancel()
            await running.value
            #expect(!isAlive(process))
        }
    }

    /// The default engine computes with the sealed pages themselves, all of them, and its confinement is seen to be in
    /// force.
    @Test(.enabled(if: mayUnshare, "this machine lets nobody have a network namespace"))
    func receiptOfTheDefaultEngineLacksNothing() async throws {
        try await withRealEngine(load: nil) { supervisor, _ in
            let receipt = try #require(supervisor.receipt)
            #expect(receipt.missing == [])
            #expect(receipt.isScrubbedWhole && receipt.mappings.count == 1)
            // It hides from Holdfast's own user.
            #expect(receipt.witness == (geteuid() == 0 ? "observed" : "self-reported"))
            #expect(receipt.mappings[0].ranges.allSatisfy { $0.isShared && !$0.isWritable })
            #expect(receipt.files[0].seals.isWhole)
            #expect(receipt.images.contains { $0.path.contains("xllamacpp") || $0.path.contains("llama") })
        }
    }

    /// The engine executes exactly the files that the manifest names.
    @Test func engineThatTheManifestDoesNotNameIsRefused() async throws {
        let known = Mutex<Set<ContentDigest>>([])
        try await withRealEngine(load: nil) { supervisor, _ in
            let receipt = try #require(supervisor.receipt)
            #expect(!receipt.isEnginePinned)
            known.withLock { $0 = Set(receipt.images.map(\.sha256)) }
        }
        func pinned(_ engine: Set<ContentDigest>) -> WeightsLoading {
            { configuration throws(CustodyProblem) in
                let manifests = DevelopmentManifests(folder: configuration.runDirectory + "/custody")
                var expected = try manifests.expected(configuration.weights, name: "here", model: "m")
                expected.engine = engine
                return try SealedWeights.load(configuration.weights, expected)
            }
        }
        let all = known.withLock { $0 }
        #expect(all.count > 5)
        try await withRealEngine(load: pinned(all)) { supervisor, _ in
            #expect(supervisor.receipt?.isEnginePinned == true)
        }
        let told = Told()
        try await withRealEngine(load: pinned(all.subtracting([all.first!])), isReady: false, told: told.note) {
            supervisor, _ in
            var reason = ""
            try await eventually("it is refused") {
                if case .failed(let why, _) = supervisor.state { reason = why }
                return !reason.isEmpty
            }
            #expect(reason.contains("which the manifest does not name"), "\(reason)")
            #expect(supervisor.receipt == nil)
        }
        #expect(told.events == ["verified", "refused: engine"])
    }

    /// One bit of a tensor, changed in the very page that the engine has.
    @Test func bitThatFlipsInALivePageOfTheDefaultEngineEndsIt() async throws {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: fetched + "/models/smollm2-135m.gguf")))
        let weights = ChangeableWeights(bytes, tensors: try tensors(in: bytes))
        let told = Told()
        try await withRealEngine(load: { _ throws(CustodyProblem) in try weights.load() }, told: told.note) {
            supervisor, _ in
            let receipt = try #require(supervisor.receipt)
            #expect(receipt.isScrubbedWhole)
            let process = try #require(supervisor.status.processID)
            weights.flip(at: bytes.count / 2)
            try await eventually("it is killed") { !isAlive(process) }
            try await eventually("it is back") {
                supervisor.receipt.map { $0.id != receipt.id } ?? false
            }
        }
        #expect(told.events == ["verified", "loaded", "changed: reload", "verified", "loaded"])
    }

    private func withRealEngine(
        load: WeightsLoading?, isReady: Bool = true, told: @escaping @Sendable (CustodyEvent) -> Void = { _ in },
        _ body: (EngineProcess, String) async throws -> Void
    ) async throws {
        try await withScratchDirectory { directory in
            let configuration = EngineConfiguration(
                provider: "here", launcher: .python(interpreter: fetched + "/venv/bin/python"),
                modelFile: fetched + "/models/smollm2-135m.gguf", scrub: 0.5, alias: "smollm2-135m", context: 512,
                parallel: 1, runDirectory: directory)
            let supervisor = EngineProcess(
                configuration, load: load ?? developing(directory), logger: LogLines().logger, told: told)
            let running = Task { await supervisor.run() }
            do {
                if isReady {
                    try await eventually("it is ready") { supervisor.receipt != nil }
                }
                try await body(supervisor, directory)
            } catch { Issue.record(error) }
            running.cancel()
            await running.value
        }
    }

    @Test func fileThatIsNoModelNeverReachesTheEngine() async throws {
        try await withScratchDirectory { directory in
            try "not a model".write(toFile: directory + "/model.gguf", atomically: true, encoding: .utf8)
            let configuration = EngineConfiguration(
                provider: "here", launcher: .python(interpreter: fetched + "/venv/bin/python"),
                modelFile: directory + "/model.gguf", alias: "a", runDirectory: directory)
            let supervisor = EngineProcess(configuration, load: developing(directory), logger: LogLines().logger)
            let running = Task { await supervisor.run() }
            var reason: String?
            try await eventually("it fails") {
                if case .failed(let why, _) = supervisor.state { reason = why }
                return reason != nil
            }
            running.cancel()
            await running.value
            #expect(reason?.contains("neither GGUF nor safetensors") == true, "\(reason ?? "")")
        }
    }
}
