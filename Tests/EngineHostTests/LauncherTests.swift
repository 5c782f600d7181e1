import CLinux
import Custody
import EngineHost
import FoundationEssentials
import Glibc
import Subprocess
import SystemPackage
import Testing

/// The launcher script itself, run by a plain Python, with a module in the
/// place of xllamacpp that writes down what it was given.
@Suite(.timeLimit(.minutes(10))) struct LauncherTests {
    private let python = Executable.path("/usr/bin/python3")

    @Test func missingModuleIsToldWithWhatToDo() async throws {
        try await withScratchDirectory { directory in
            let line = try order(in: directory).line()
            var pair: [Int32] = [-1, -1]
            try #require(clinux_socket_pair(&pair) == 0)
            let (ours, child) = (pair[0], FileDescriptor(rawValue: pair[1]))
            defer { close(ours) }
            #expect(clinux_send(ours, line, line.count, [], 0) == 0)
            let result = try await Subprocess.run(
                python, arguments: ["-I", "-B", try script(in: directory)], environment: .custom([:]),
                input: .fileDescriptor(child, closeAfterSpawningProcess: true), output: .discarded,
                error: .string(limit: 10_000))
            #expect(result.terminationStatus == .exited(EngineCommand.misconfigured))
            #expect(
                result.standardError.hasPrefix(
                    "holdfast: the Python package xllamacpp is not usable in /usr/bin/python3"))
            #expect(result.standardError.contains("make setup"))
        }
    }

    @Test func endOfInputBeforeTheOrderIsAQuietEnd() async throws {
        try await withScratchDirectory { directory in
            let path = try script(in: directory)
            let result = try await Subprocess.run(
                python, arguments: ["-I", "-B", path], environment: .custom([:]), input: try emptySocket(),
                output: .discarded, error: .string(limit: 10_000))
            #expect(result.terminationStatus == .exited(0))
            #expect(result.standardError == "")
        }
    }

    @Test func orderAndDescriptorsReachTheEngine() async throws {
        try await withScratchDirectory { directory in
            let weights = try sealedWords().files[0].memory
            let line = try order(in: directory).line()
            let command = try withFakeModule(in: directory)
            var pair: [Int32] = [-1, -1]
            try #require(clinux_socket_pair(&pair) == 0)
            let (ours, child) = (pair[0], FileDescriptor(rawValue: pair[1]))
            let result = try await Subprocess.run(
                python, arguments: Arguments(command), environment: .custom([:]),
                input: .fileDescriptor(child, closeAfterSpawningProcess: true), output: .string(limit: 10_000),
                error: .string(limit: 10_000)
            ) { _ in
                #expect(clinux_send(ours, line, line.count, [weights.descriptor], 1) == 0)
                let report = await onAnotherThread {
                    Lifeline.answer(on: FileDescriptor(rawValue: ours), by: .now + .seconds(60))
                }
                #expect(report?.starts(with: Array(#"{"protections": {"#.utf8)) == true)
                close(ours)
            }
            #expect(result.terminationStatus == .exited(0))
            #expect(result.standardOutput == "GGUF weights 16384 4 ['engine.sock'] {'tiny'}\n")
        }
    }

    @Test func engineIsGoneWhenItsParentIsKilled() async throws {
        try await withScratchDirectory { directory in
            let command = try withFakeModule(in: directory)
            let line = String(decoding: try order(in: directory).line(), as: UTF8.self)
            // The parent holds the other end of the socket pair, and sleeps.
            let parent = """
                import os, socket, subprocess, sys, time
                ours, theirs = socket.socketpair()
                child = subprocess.Popen(['/usr/bin/python3', *sys.argv[2:]], stdin=theirs)
                theirs.close()
                model = os.memfd_create('model')
                os.write(model, b'GGUF')
                socket.send_fds(ours, [sys.argv[1].encode()], [model])
                assert ours.recv(1)
                open('\(directory)/child', 'w').write('%d\\n' % child.pid)
                time.sleep(300)
                """
            _ = try await Subprocess.run(
                python, arguments: Arguments(["-c", parent, line] + command), input: .none, output: .discarded,
                error: .discarded
            ) { parent in
                try await eventually("the engine has started") {
                    processID(in: directory + "/child") != nil
                }
                kill(parent.processIdentifier.value, SIGKILL)
                let child = try #require(processID(in: directory + "/child"))
                try await eventually("the engine is gone") { !isAlive(child) }
            }
        }
    }

    private func order(in directory: String) throws -> EngineStartOrder {
        var order = try EngineStartOrder(
            EngineConfiguration(
                provider: "here", launcher: .python(interpreter: "python"), modelFile: directory + "/model.gguf",
                alias: "tiny", runDirectory: directory), weights: .init(["model.gguf"]), user: nil)
        order.folder = directory
        return order
    }

    private func script(in directory: String) throws -> String {
        let path = directory + "/launch_engine.py"
        try String(decoding: EngineCommand.launcher, as: UTF8.self)
            .write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    /// Arguments for a Python that finds a false xllamacpp. The launcher runs
    /// isolated, so its search path has to be changed from inside.
    private func withFakeModule(in directory: String) throws -> [String] {
        try """
        import os
        class Anything:
            def __getattr__(self, name):
                value = Anything(); setattr(self, name, value); return value
        CommonParams = Anything
        llama_load_mode = Anything()
        def Server(p):
            text = '%s %d %d %s %s' % (open(p.model.path).read(), p.n_ctx, p.n_parallel, p.hostnames, p.model_alias)
            print(text, flush=True)
        """.write(toFile: directory + "/xllamacpp.py", atomically: true, encoding: .utf8)
        let path = try script(in: directory)
        return ["-I", "-B", "-c", "import sys; sys.path.insert(0, '\(directory)'); exec(open('\(path)').read())"]
    }

    /// A standard input that has ended already.
    private func emptySocket() throws -> FileDescriptorInput {
        var pair: [Int32] = [-1, -1]
        #expect(clinux_socket_pair(&pair) == 0)
        close(pair[0])
        return .fileDescriptor(FileDescriptor(rawValue: pair[1]), closeAfterSpawningProcess: true)
    }
}
