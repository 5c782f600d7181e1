import Custody
import Dispatch
import EngineHost
import FoundationEssentials
import Glibc
import Logging
import Synchronization
import Testing

/// A directory that is removed with everything in it at the end of `body`.
/// Its path is short, as a socket's has to be.
@discardableResult
func withScratchDirectory<Result>(
    _ body: (String) async throws -> Result
) async throws -> Result {
    let path = "/tmp/hf-\(UInt32.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}

/// Looks until `condition` holds; the test fails if it does not in `limit`.
func eventually(
    _ what: String, within limit: Duration = .seconds(60), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record("not in time: \(what)", sourceLocation: sourceLocation)
            throw CancellationError()
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// Runs work that waits for the kernel on a thread of its own: the few that
/// tests run on are for others.
func onAnotherThread<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        DispatchQueue(label: "waiting").async { continuation.resume(returning: work()) }
    }
}

/// Returns whether a process exists and has not ended.
func isAlive(_ process: Int32) -> Bool {
    guard let facts = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
        let end = facts.lastIndex(of: ")")
    else { return false }
    return !facts[end...].hasPrefix(") Z")
}

/// The process id that a program wrote into a file, once it is there whole.
func processID(in file: String) -> Int32? {
    guard let text = try? String(contentsOfFile: file, encoding: .utf8), text.hasSuffix("\n") else { return nil }
    return Int32(text.dropLast())
}

/// Programs that replace the interpreter with the launcher: each reads the start order from its standard input, as the
/// launcher does.
enum FakeEngine: String {
    /// Serves `/health`, and leaves at the end of its input.
    case healthy = "serve()"
    /// Serves, but finds its model broken: every probe is answered 503.
    case neverReady = "serve(status=503)"
    /// Says why, and exits as the launcher does when it is misconfigured.
    case misconfigured = "print('holdfast: no such module; run make setup', file=sys.stderr); sys.exit(78)"
    /// Exits before it serves.
    case exitsAtOnce = "print('boom', file=sys.stderr); sys.exit(3)"
    /// Prints its environment and open descriptors, then serves.
    case talkative = """
        print('environment', sorted(k for k in os.environ if k not in ('LC_CTYPE', '__CF_USER_TEXT_ENCODING')))
        print('descriptors', sorted(int(n) for n in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + n)))
        print('x' * 5000, flush=True)
        serve()
        """
    /// Has a debugger on it, which ends when it does.
    case traced = """
        import ctypes
        libc = ctypes.CDLL(None)
        ready, told = os.pipe()
        if os.fork() == 0:
            libc.prctl(1, signal.SIGKILL, 0, 0, 0)
            assert libc.ptrace(0x4206, os.getppid(), None, None) == 0
            os.write(told, b'x')
            signal.pause()
        assert os.read(ready, 1)
        serve()
        """
    /// Ignores SIGTERM.
    case stubborn = "signal.signal(signal.SIGTERM, signal.SIG_IGN); serve()"

    /// Writes the program into `directory` and returns its path.
    func install(in directory: String) throws -> String {
        let path = directory + "/python"
        let program = """
            #!/usr/bin/python3 -IB
            import json, os, signal, socket, sys, threading
            channel = socket.socket(fileno=0)
            line = b''
            while not line.endswith(b'\\n'):
                part = channel.recv(1)
                if not part: os._exit(0)
                line += part
            order = json.loads(line)
            def leave():
                while channel.recv(100): pass
                os._exit(0)
            threading.Thread(target=leave, daemon=True).start()
            def serve(status=200):
                os.chdir(order['folder'])
                listener = socket.socket(socket.AF_UNIX)
                listener.bind(order['socket'])
                listener.listen(64)
                channel.sendall(b'{}\\n')
                while True:
                    connection, _ = listener.accept()
                    try:
                        connection.recv(65536)
                        connection.sendall(b'HTTP/1.1 %d X\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\n{}' % status)
                    except OSError:
                        pass # Whoever asked has gone.
                    connection.close()
            \(rawValue)
            """
        try program.write(toFile: path, atomically: true, encoding: .utf8)
        chmod(path, 0o755)
        return path
    }
}

/// Keeps the lines that were logged.
final class LogLines: LogHandler, Sendable {
    private let kept = Mutex<[(Logger.Level, String)]>([])
    let metadataProvider: Logger.MetadataProvider? = nil

    var lines: [String] { kept.withLock { $0.map(\.1) } }
    var logger: Logger { Logger(label: "test", factory: { _ in self }) }

    func log(event: LogEvent) {
        kept.withLock { $0.append((event.level, "\(event.message) \(event.metadata ?? [:])")) }
    }

    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }
}

/// Runs a supervisor over a fake engine while `body` runs, and waits for its end.
func withSupervisor(
    of fake: FakeEngine, mostWaiting: Int = 256, startTimeout: Duration = .seconds(20),
    policy: RestartPolicy = RestartPolicy(first: .milliseconds(20), ceiling: .milliseconds(80)),
    log: LogLines = LogLines(), custody: CustodyDemand = .bestEffort,
    load: @escaping @Sendable () throws(CustodyProblem) -> SealedWeights = { () throws(CustodyProblem) in
        try sealedWords()
    },
    told: @escaping @Sendable (CustodyEvent) -> Void = { _ in }, standing: ScrubPolicy.ScrubState = .trusted,
    _ body: (EngineProcess) async throws -> Void
) async throws {
    try await withScratchDirectory { directory in
        let configuration = EngineConfiguration(
            provider: "here", launcher: .python(interpreter: try fake.install(in: directory)),
            modelFile: "/nowhere/model.gguf", custody: custody, scrub: 0.5, alias: "fake",
            runDirectory: directory + "/run", startTimeout: startTimeout)
        let supervisor = EngineProcess(
            configuration, load: { _ throws(CustodyProblem) in try load() }, logger: log.logger, told: told,
            policy: policy, mostWaiting: mostWaiting, standing: standing)
        let running = Task { await supervisor.run() }
        do { try await body(supervisor) } catch {
            running.cancel()
            await running.value
            throw error
        }
        running.cancel()
        await running.value
        #expect(supervisor.state == .stopped)
    }
}
