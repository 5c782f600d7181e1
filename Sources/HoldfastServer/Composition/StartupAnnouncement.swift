import Access
import Telemetry
import NIOCore
import Encodings
import Files
import Glibc
import Logging
import ServiceLifecycle
import Settings
import Synchronization

/// Counts the listeners that listen; any number of tasks may wait for all.
final class Openings: Sendable {
    private struct State {
        var missing: Int
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
    }

    private let state: Mutex<State>

    init(expected: Int) { state = Mutex(State(missing: expected)) }

    /// True if all listeners listen.
    var isComplete: Bool { state.withLock { $0.missing <= 0 } }

    func one() {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.missing -= 1
            guard state.missing == 0 else { return [] }
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Returns when all listen, or when the task is cancelled because one
    /// can't: ``isComplete`` tells which.
    func all() async {
        let number = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    guard state.missing > 0, !Task.isCancelled else { return true }
                    state.waiters[number] = continuation
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
        }
    }
}

/// The announcement that Holdfast is ready, and of ways to talk to it.
struct StartupAnnouncement: Service {
    let settings: Settings
    let engines: EngineService
    let keys: KeyStore
    let opened: Openings
    let logger: Logger
    /// Holds the key for ready-made client lines; nil where none are wanted.
    let keyFile: String?

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await opened.all()
            // Cancelled, because one of them can't listen: the error is reported.
            guard opened.isComplete else { return }
            engines.begin()
            logger.info(
                "listening",
                metadata: ["on": "\(settings.listen)", "admin": "\(settings.admin.map(\.description) ?? "none")"])
            ServiceManager.current.notify(.ready)
            while !engines.unready.isEmpty, !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(20))
            }
            StartupMemory.release()
            if !Task.isCancelled { greet() }
        }
        try? await gracefulShutdown()
        ServiceManager.current.notify(.stopping)
    }

    private func greet() {
        logger.info("ready")
        if settings.keyFile != nil, keys.applications.count == 0 {
            logger.warning(
                "there is no key yet, so every request is refused",
                metadata: ["remedy": "holdfast keys create --name NAME"])
        }
        guard let keyFile else { return }
        let key: String
        do throws(FileFault) {
            key = try Self.read(keyFile)
        } catch {
            return logger.warning("there is no greeting", metadata: ["problem": "\(error)"])
        }
        guard !key.isEmpty else { return }
        let text = Printable.lines(Greeting(settings: settings, key: key, program: Self.program).text)
        // A reader that has stopped reading must not hold up the end.
        let output = LogSink(descriptor: STDOUT_FILENO)
        output.append { $0.writeString(text + "\n") }
        output.hurry()
    }

    /// The path of the program that runs.
    private static var program: String {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count)
        guard count > 0 else { return CommandLine.arguments.first ?? "holdfast" }
        return String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func read(_ path: String) throws(FileFault) -> String {
        let text = String(decoding: try WholeFile.readAll(path, limit: 4096), as: UTF8.self)
        return String(text.prefix { !$0.isNewline }.filter { !$0.isWhitespace })
    }
}
