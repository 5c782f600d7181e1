import Custody
import EngineHost
import FoundationEssentials
import Glibc
import Testing

@Suite(.timeLimit(.minutes(10))) struct EngineProcessTests {
    @Test func engineGetsReadyAndEndsWithTheSupervisor() async throws {
        var process: Int32 = 0
        try await withSupervisor(of: .healthy) { supervisor in
            // It may not have begun yet: until then it counts as stopped.
            try await eventually("it starts") { supervisor.state != .stopped }
            try await supervisor.waitUntilReady(within: .seconds(60))
            process = try #require(supervisor.status.processID)
            #expect(isAlive(process))
            var facts = stat()
            #expect(stat(supervisor.socketPath.replacing("/s/engine.sock", with: ""), &facts) == 0)
            #expect(facts.st_mode & 0o777 == 0o700)
        }
        #expect(!isAlive(process))
    }

    @Test func killedEngineIsStartedAgain() async throws {
        try await withSupervisor(of: .healthy) { supervisor in
            try await eventually("it is ready") { isReady(supervisor) }
            let first = try #require(supervisor.status.processID)
            kill(first, SIGKILL)
            try await eventually("it is ready again") { isReady(supervisor) && supervisor.status.restarts == 1 }
            #expect(supervisor.status.processID != first)
        }
    }

    @Test func engineThatIgnoresTermIsKilled() async throws {
        var process: Int32 = 0
        try await withSupervisor(of: .stubborn) { supervisor in
            try await eventually("it is ready") { isReady(supervisor) }
            process = try #require(supervisor.status.processID)
        }
        #expect(!isAlive(process))
    }

    @Test func environmentIsEmptyNoDescriptorLeaksAndLinesAreBounded() async throws {
        let log = LogLines()
        try await withSupervisor(of: .talkative, log: log) { supervisor in
            try await eventually("it is ready") { isReady(supervisor) }
        }
        #expect(log.lines.contains { $0.contains("environment []") })
        #expect(log.lines.contains { $0.contains("descriptors [0, 1, 2]") })
        let long = try #require(log.lines.first { $0.contains("xxxx") })
        #expect(long.utf8.count < 1200)
    }

    @Test func misconfigurationIsToldInItsOwnWords() async throws {
        try await withSupervisor(of: .misconfigured) { supervisor in
            try await eventually("it has failed") { failure(supervisor) != nil }
            #expect(failure(supervisor) == "no such module; run make setup")
        }
    }

    @Test func exitAtOnceIsToldWithStatusAndLastWords() async throws {
        try await withSupervisor(of: .exitsAtOnce) { supervisor in
            try await eventually("it has failed") { failure(supervisor) != nil }
            #expect(failure(supervisor) == "it exited with status 3 before it was ready; it said: boom")
        }
    }

    @Test func engineThatNeverGetsReadyIsGivenUp() async throws {
        try await withSupervisor(of: .neverReady, startTimeout: .milliseconds(300)) { supervisor in
            try await eventually("it has failed") { failure(supervisor) != nil }
            #expect(failure(supervisor)?.contains("did not get ready within 0.3 seconds") == true)
        }
    }

    @Test func engineThatKeepsFailingRefusesAtOnce() async throws {
        let policy = RestartPolicy(first: .milliseconds(10), ceiling: .seconds(60))
        try await withSupervisor(of: .exitsAtOnce, policy: policy) { supervisor in
            try await eventually("it has failed a few times") { supervisor.status.restarts >= 5 }
            try await eventually("it waits") { failure(supervisor) != nil }
            let error = await #expect(throws: EngineUnavailable.self) {
                try await supervisor.waitUntilReady(within: .seconds(60))
            }
            guard case .failing = error?.cause else { Issue.record("got \(String(describing: error))"); return }
        }
    }

    @Test func requestsWaitUpToALimitAndCancelledOnesLeave() async throws {
        try await withSupervisor(of: .neverReady, mostWaiting: 2) { supervisor in
            try await eventually("it starts") { supervisor.state == .starting }
            let waiting = (0..<2).map { _ in
                Task {
                    await #expect(throws: EngineUnavailable.self) {
                        try await supervisor.waitUntilReady(within: .seconds(60))
                    }
                }
            }
            try await eventually("two wait") { supervisor.waitingRequests == 2 }
            let refused = await #expect(throws: EngineUnavailable.self) {
                try await supervisor.waitUntilReady(within: .seconds(60))
            }
            #expect(refused?.cause == .tooManyWaiting)
            waiting[0].cancel()
            #expect(await waiting[0].value?.cause == .cancelled)
            let late = await #expect(throws: EngineUnavailable.self) {
                try await supervisor.waitUntilReady(within: .milliseconds(20))
            }
            #expect(late?.cause == .stillStarting)
            waiting[1].cancel()
            _ = await waiting[1].value
            #expect(supervisor.waitingRequests == 0)
        }
    }

    @Test func waitingRequestGoesOnWhenTheEngineGetsReady() async throws {
        try await withSupervisor(of: .healthy) { supervisor in
            try await eventually("it starts") { supervisor.state != .stopped }
            try await withThrowingTaskGroup { group in
                for _ in 0..<50 {
                    group.addTask { try await supervisor.waitUntilReady(within: .seconds(60)) }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func missingModelIsToldBeforeAnythingStarts() async throws {
        try await withScratchDirectory { directory in
            let configuration = EngineConfiguration(
                provider: "here", launcher: .python(interpreter: "/nowhere/python"),
                modelFile: directory + "/none.gguf",
                alias: "a", runDirectory: directory)
            let supervisor = EngineProcess(configuration, load: developing(directory), logger: LogLines().logger)
            let running = Task { await supervisor.run() }
            try await eventually("it has failed") { failure(supervisor) != nil }
            let reason = failure(supervisor)
            running.cancel()
            await running.value
            #expect(
                reason == "the model file \(directory)/none.gguf is missing or cannot be read (No such file or "
                    + "directory); fetch it with `make setup`, or correct model_file")
        }
    }

    @Test func socketPathThatLinuxWouldCutIsRefused() {
        let configuration = EngineConfiguration(
            provider: "here", launcher: .command(["x"]), modelFile: "/etc/passwd", alias: "a",
            runDirectory: "/tmp/" + String(repeating: "d", count: 90))
        let error = #expect(throws: EngineStartError.self) { try EngineCommand(configuration, weights: .init(["m"])) }
        #expect(error?.description.contains("shorter run directory") == true)
    }

    /// The guard itself has its own tests; here a script replaces it.
    @Test func configuredCommandRunsUnderTheGuardWithItsPlaceholdersFilled() async throws {
        try await withScratchDirectory { directory in
            let stand = directory + "/guard"
            try """
            #!/bin/sh
            [ "$1 $2 $3 $4" = "engine-guard --weights 1 --" ] || exit 9
            shift 4
            echo "$@" > \(directory)/arguments
            exec "$@"
            """.write(toFile: stand, atomically: true, encoding: .utf8)
            chmod(stand, 0o755)
            let server = """
                import socket, sys
                listener = socket.socket(socket.AF_UNIX); listener.bind(sys.argv[1]); listener.listen(8)
                while True:
                    connection, _ = listener.accept()
                    # Knows no /health, as many servers don't.
                    status = b'200 OK' if b'/v1/models' in connection.recv(65536) else b'404 No'
                    connection.sendall(b'HTTP/1.1 ' + status + b'\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n')
                    connection.close()
                """
            let supervisor = EngineProcess(
                EngineConfiguration(
                    provider: "other", launcher: .command(["python3", "-c", server, "{socket}", "{total_context}"]),
                    modelFile: "/etc/hostname", alias: "a", context: 10, parallel: 2, runDirectory: directory,
                    guardExecutable: stand), load: { _ throws(CustodyProblem) in try sealedWords() },
                logger: LogLines().logger)
            let running = Task { await supervisor.run() }
            try await eventually("it is ready") { isReady(supervisor) }
            running.cancel()
            await running.value
            let arguments = try String(contentsOfFile: directory + "/arguments", encoding: .utf8)
            #expect(arguments.hasSuffix("\(supervisor.socketPath) 20\n"))
        }
    }

    @Test func secondHoldfastInTheSameDirectoryIsRefused() throws {
        let path = "/tmp/hf-lock-\(UInt32.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let first = try PrivateDirectory(path: path)
        let error = #expect(throws: EngineStartError.self) { _ = try PrivateDirectory(path: path) }
        #expect(error?.description.contains("another Holdfast") == true)
        _ = consume first
        #expect(throws: Never.self) { _ = try PrivateDirectory(path: path) }
    }

    private func isReady(_ supervisor: EngineProcess) -> Bool {
        if case .ready = supervisor.state { true } else { false }
    }

    private func failure(_ supervisor: EngineProcess) -> String? {
        if case .failed(let reason, _) = supervisor.state { reason } else { nil }
    }
}
