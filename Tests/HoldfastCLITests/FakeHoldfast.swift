import AdminAPI
import Files
import GatewayTesting
import NIOCore

/// The traces of a running Holdfast: its run folder, with the lock taken, and an administrators' listener that answers by a script.
final class FakeHoldfast {
    /// An answer of the listener's.
    struct Answer: Sendable {
        var status = 200
        var body: String

        init(status: Int = 200, body: String) {
            self.status = status
            self.body = body
        }

        init(_ view: some Encodable) throws {
            body = String(decoding: try AdminJSON.encode(view), as: UTF8.self)
        }
    }

    static let process = 4_242
    static let token = "hfa_token-of-this-run"

    let scratch: ScratchFolder
    private let lock: FileLock
    private let listener: ScriptedUpstream

    var run: String { scratch.path + "/run" }
    /// The requests that came.
    var asked: [ScriptedUpstream.Received] { listener.requests.value }

    private init(_ scratch: ScratchFolder, _ listener: ScriptedUpstream) throws {
        self.scratch = scratch
        self.listener = listener
        lock = try Self.claim(scratch.path + "/run")
        try scratch.write(Self.token, to: "run/admin-token")
        try leave(Self.view(admin: "127.0.0.1:\(listener.port)"))
    }

    /// Runs one for as long as `body` runs; it gives these answers, in order.
    static func with<T>(_ answers: [Answer], _ body: (FakeHoldfast) async throws -> T) async throws -> T {
        let scratch = try ScratchFolder()
        return try await ScriptedUpstream.with(
            .attemptBased { number in
                let answer = answers[min(number, answers.count - 1)]
                return .answer(status: answer.status, body: answer.body)
            }
        ) { listener in try await body(try FakeHoldfast(scratch, listener)) }
    }

    /// Writes what it says of itself.
    func leave(_ view: EffectiveView) throws {
        try scratch.write(String(decoding: try AdminJSON.encode(view), as: UTF8.self), to: "run/effective.json")
    }

    /// Makes a run folder and takes its lock, as a process of that number
    /// does.
    static func claim(_ folder: String, process: Int = process) throws -> FileLock {
        try Folder.make(folder)
        let lock = try FileLock(folder + "/lock")
        lock.note(String(process))
        return lock
    }

    static func view(
        admin: String? = "127.0.0.1:9", process: Int = process, settings: String = "/etc/holdfast/holdfast.yaml"
    ) -> EffectiveView {
        EffectiveView(
            pid: process, settings: settings, listen: "127.0.0.1:8", tls: false, admin: admin, keyFile: nil,
            dataDirectory: "/none", ledger: nil, routes: ["talk"])
    }
}
