import FoundationEssentials
import Glibc
import Testing

@testable import EngineHost

/// The default engine as `make setup` leaves it, if it has been fetched.
private let fetched = FileManager.default.currentDirectoryPath + "/.holdfast"

@Suite(.timeLimit(.minutes(2)), .enabled(if: access(fetched + "/venv/bin/python", X_OK) == 0, "run `make setup` first"))
struct RealEngineTests {
    @Test func defaultEngineGetsReadyAndLeaves() async throws {
        try await withScratchDirectory { directory in
            let log = LogLines()
            let configuration = EngineConfiguration(
                provider: "here", launcher: .python(interpreter: fetched + "/venv/bin/python"),
                modelFile: fetched + "/models/smollm2-135m.gguf", alias: "smollm2-135m", context: 512, parallel: 1,
                runDirectory: directory)
            let supervisor = EngineSupervisor(configuration, logger: log.logger)
            let running = Task { await supervisor.run() }
            try await eventually("it starts") { supervisor.state != .stopped }
            do { try await supervisor.waitUntilReady(within: .seconds(60)) } catch { Issue.record(error) }
            let process = try #require(supervisor.status.processID)
            running.cancel()
            await running.value
            #expect(!isAlive(process))
        }
    }

    @Test func fileThatIsNoModelIsToldByTheEngine() async throws {
        try await withScratchDirectory { directory in
            try "not a model".write(toFile: directory + "/model.gguf", atomically: true, encoding: .utf8)
            let configuration = EngineConfiguration(
                provider: "here", launcher: .python(interpreter: fetched + "/venv/bin/python"),
                modelFile: directory + "/model.gguf", alias: "a", runDirectory: directory)
            let supervisor = EngineSupervisor(configuration, logger: LogLines().logger)
            let running = Task { await supervisor.run() }
            var reason: String?
            try await eventually("it fails") {
                if case .failed(let why, _) = supervisor.state { reason = why }
                return reason != nil
            }
            running.cancel()
            await running.value
            #expect(reason?.contains("would not start") == true, "\(reason ?? "")")
        }
    }
}
