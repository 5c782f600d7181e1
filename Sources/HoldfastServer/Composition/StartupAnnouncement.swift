import AdminAPI
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

    /// Whether all listen.
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
    let runDirectory: RunDirectory
    let engines: EngineService
    let opened: Openings
    let logger: Logger
    /// Holds the key for ready-made client lines; nil where none are wanted.
    let keyFile: String?
    let announce: @Sendable (String) -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await opened.all()
            // Cancelled, because one of them can't listen: the error is reported.
            guard opened.isComplete else { return }
            engines.begin()
            do throws(StartupError) {
                try runDirectory.write(EffectiveView(settings))
            } catch {
                logger.error("commands won't find this Holdfast", metadata: ["problem": "\(error.message)"])
            }
            logger.info(
                "listening",
                metadata: ["on": "\(settings.listen)", "admin": "\(settings.admin.map(\.description) ?? "none")"])
            ServiceManager.current.notify(.ready)
            while !engines.unready.isEmpty, !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(20))
            }
            if !Task.isCancelled { greet() }
        }
        try? await gracefulShutdown()
        ServiceManager.current.notify(.stopping)
    }

    private func greet() {
        logger.info("ready")
        guard let keyFile, let key = Self.read(keyFile) else { return }
        announce(Greeting(settings: settings, key: key, program: Self.program).text)
    }

    /// The path of the program that runs.
    private static var program: String {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count)
        guard count > 0 else { return CommandLine.arguments.first ?? "holdfast" }
        return String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func read(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 300)
        guard fgets(&line, 300, file) != nil else { return nil }
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let key = text.filter { !$0.isWhitespace }
        return key.isEmpty ? nil : key
    }
}
