import CLinux
import EngineHost
import FoundationEssentials
import Glibc
import Testing

// The guard takes over a whole process, so each test runs it in one of its own.
// One at a time: waiting for it holds one of the few threads that tests run on.
@Suite(.serialized, .timeLimit(.minutes(10))) struct EngineGuardTests {
    @Test func endOfInputKillsTheWholeGroup() async throws {
        try await withScratchDirectory { directory in
            await #expect(processExitsWith: .exitCode(137)) { [directory = directory as String] in
                let ours = replaceStandardInput()
                Thread.detach {
                    waitFor(directory + "/grandchild")
                    close(ours)
                }
                exit(runEngineGuard(family(directory)))
            }
            try await expectGone(directory)
        }
    }

    @Test func deathOfTheGuardKillsTheCommand() async throws {
        try await withScratchDirectory { directory in
            await #expect(processExitsWith: .signal(SIGKILL)) { [directory = directory as String] in
                _ = replaceStandardInput()
                Thread.detach {
                    waitFor(directory + "/child")
                    kill(getpid(), SIGKILL)
                }
                exit(
                    runEngineGuard([
                        "sh", "-c",
                        "echo $$ > \(directory)/child.partial; mv \(directory)/child.partial \(directory)/child; exec sleep 300",
                    ]))
            }
            let child = try #require(processID(in: directory + "/child"))
            try await eventually("the command is gone") { !isAlive(child) }
        }
    }

    @Test func termIsPassedOnAndStatusComesBack() async throws {
        try await withScratchDirectory { directory in
            await #expect(processExitsWith: .exitCode(7)) { [directory = directory as String] in
                _ = replaceStandardInput()
                Thread.detach {
                    waitFor(directory + "/child")
                    kill(getpid(), SIGTERM)
                }
                exit(
                    runEngineGuard([
                        "sh", "-c",
                        "trap 'exit 7' TERM; echo $$ > \(directory)/child.partial; mv \(directory)/child.partial \(directory)/child; while :; do sleep 0.05; done",
                    ]))
            }
        }
    }

    @Test func commandThatEndsTakesItsChildrenAlong() async throws {
        try await withScratchDirectory { directory in
            await #expect(processExitsWith: .exitCode(5)) { [directory = directory as String] in
                _ = replaceStandardInput()
                exit(runEngineGuard(["sh", "-c", "sleep 300 & echo $! > \(directory)/child; exit 5"]))
            }
            let child = try #require(processID(in: directory + "/child"))
            try await eventually("its child is gone") { !isAlive(child) }
        }
    }

    @Test func programThatIsNotThereIs127() async {
        let result = await #expect(processExitsWith: .exitCode(127), observing: [\.standardErrorContent]) {
            _ = replaceStandardInput()
            exit(runEngineGuard(["no-such-program-anywhere"]))
        }
        let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(said.contains("holdfast: cannot run no-such-program-anywhere: No such file or directory"))
    }

    private func expectGone(_ directory: String) async throws {
        for name in ["child", "grandchild"] {
            let process = try #require(processID(in: directory + "/" + name))
            try await eventually("\(name) is gone") { !isAlive(process) }
        }
    }
}

/// A shell that starts a child, and writes both their process ids down.
private func family(_ directory: String) -> [String] {
    [
        "sh", "-c",
        """
        trap '' TERM
        echo $$ > \(directory)/child
        sleep 300 & echo $! > \(directory)/grandchild.partial
        mv \(directory)/grandchild.partial \(directory)/grandchild
        wait
        """,
    ]
}

/// Makes one end of a socket pair standard input, and returns the other.
private func replaceStandardInput() -> Int32 {
    var pair: [Int32] = [-1, -1]
    precondition(clinux_socket_pair(&pair) == 0)
    dup2(pair[1], 0)
    close(pair[1])
    return pair[0]
}

private func waitFor(_ file: String) {
    while access(file, F_OK) != 0 { usleep(2000) }
}

/// A bare thread: the guard needs the thread it is called on for itself.
private enum Thread {
    static func detach(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(body)).toOpaque()
        pthread_create(
            &thread, nil,
            { box in
                Unmanaged<Box>.fromOpaque(box!).takeRetainedValue().body()
                return nil
            }, box)
    }

    private final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
