import Glibc
import Logging
import Routing
import ServiceLifecycle
import Settings
import Synchronization

/// Counts the listeners that listen.
final class Openings: Sendable {
    private struct State {
        var missing: Int
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state: Mutex<State>

    init(expected: Int) { state = Mutex(State(missing: expected)) }

    /// Whether all listen.
    var isComplete: Bool { state.withLock { $0.missing <= 0 } }

    func one() {
        state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.missing -= 1
            guard state.missing == 0 else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }?.resume()
    }

    /// Returns when all listen, or when the task is cancelled because one
    /// can't.
    func all() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    if state.missing > 0, !Task.isCancelled { state.waiter = continuation }
                    return state.waiter == nil
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            state.withLock { state in
                defer { state.waiter = nil }
                return state.waiter
            }?.resume()
        }
    }
}

/// The announcement that Holdfast is ready, and of ways to talk to it.
struct StartupAnnouncement: Service {
    let settings: Settings
    let engines: EngineService
    let opened: Openings
    let logger: Logger
    /// Holds the key for ready-made client lines; nil where none are wanted.
    let keyFile: String?
    let announce: @Sendable (String) -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await opened.all()
            logger.info(
                "listening",
                metadata: ["on": "\(settings.listen)", "admin": "\(settings.admin.map(\.description) ?? "none")"])
            while !engines.unready.isEmpty, !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(20))
            }
            if !Task.isCancelled { greet() }
        }
        try? await gracefulShutdown()
    }

    private func greet() {
        logger.info("ready")
        guard let keyFile, let key = Self.read(keyFile) else { return }
        let base = "\(settings.tls == nil ? "http" : "https")://\(settings.listen)"
        let model = settings.routes.first { $0.isServed }?.name ?? "PROVIDER/MODEL"
        announce(
            """

            Holdfast is ready on \(base). Try it:

              curl \(base)/v1/chat/completions -H "authorization: Bearer \(key)" \\
                -H "content-type: application/json" \\
                -d '{"model":"\(model)","messages":[{"role":"user","content":"What is a holdfast?"}]}'

              OpenAI's client:     OpenAI(base_url="\(base)/v1", api_key="\(key)")
              Anthropic's client:  Anthropic(base_url="\(base)", api_key="\(key)")

            Both ask for model="\(model)". Ctrl-C stops it.

            """)
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
