import Encodings
import Files
import Glibc
import Logging
import NIOCore
import Routing
import ServiceLifecycle
import Settings
import Synchronization
import Telemetry

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

/// Says when Holdfast is ready, and how to talk to it.
struct Greeter: Service {
    let house: House
    let opened: Openings
    let keyFile: String?

    init(house: House, _ opened: Openings, keyFile: String?) {
        self.house = house
        self.opened = opened
        self.keyFile = keyFile
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await opened.all()
            let settings = house.settings
            house.logger.info(
                "listening",
                metadata: ["on": "\(settings.listen)", "admin": "\(settings.admin.map(\.description) ?? "none")"])
            while !house.engines.unready.isEmpty, !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(20))
            }
            if !Task.isCancelled { greet() }
        }
        try? await gracefulShutdown()
    }

    private func greet() {
        house.logger.info("ready")
        guard let keyFile else { return }
        let key: String
        do throws(FileFault) {
            key = try Self.read(keyFile)
        } catch {
            return house.logger.warning("there is no greeting", metadata: ["problem": "\(error)"])
        }
        guard !key.isEmpty else { return }
        let settings = house.settings
        let base = "\(settings.tls == nil ? "http" : "https")://\(settings.listen)"
        let model = settings.routes.first { $0.isServed }?.name ?? "PROVIDER/MODEL"
        let text = Printable.lines(
            """

            Holdfast is ready on \(base). Try it:

              curl \(base)/v1/chat/completions -H "authorization: Bearer \(key)" \\
                -H "content-type: application/json" \\
                -d '{"model":"\(model)","messages":[{"role":"user","content":"What is a holdfast?"}]}'

              OpenAI's client:     OpenAI(base_url="\(base)/v1", api_key="\(key)")
              Anthropic's client:  Anthropic(base_url="\(base)", api_key="\(key)")

            Both ask for model="\(model)". Ctrl-C stops it.

            """)
        // Whoever reads may have stopped: that must not hold up the end.
        let output = LogSink(descriptor: STDOUT_FILENO)
        output.append { $0.writeString(text + "\n") }
        output.hurry()
    }

    private static func read(_ path: String) throws(FileFault) -> String {
        let text = String(decoding: try WholeFile.readAll(path, limit: 4096), as: UTF8.self)
        return String(text.prefix { !$0.isNewline }.filter { !$0.isWhitespace })
    }
}
