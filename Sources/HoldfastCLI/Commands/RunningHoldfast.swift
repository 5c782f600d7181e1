import HoldfastServer
import AdminAPI
import ArgumentParser
import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// A running Holdfast, as a command on the same machine sees it.
struct RunningHoldfast {
    private let address: String
    private let token: String

    /// - Throws: an exit code, once the reason has been printed.
    init(_ effective: EffectiveView, _ folder: RunDirectory) throws {
        guard let admin = effective.admin else {
            complain(
                "\(effective.settings): commands talk to a running Holdfast through `admin: 127.0.0.1:8081`; add it")
            throw ExitStatus.config.exit
        }
        do throws(UnreadableTrace) {
            token = try folder.token()
        } catch {
            complain("holdfast: \(error.reason); is it another user's?")
            throw ExitStatus.unavailable.exit
        }
        address = admin
    }

    func get(_ path: String) async throws -> ByteBuffer { try await ask("GET", path, nil) }

    /// A resource, read.
    /// - Throws: an exit code, once the reason has been printed.
    func get<View: Decodable>(_ path: String, as view: View.Type) async throws -> View {
        try Self.read(try await get(path), as: view)
    }

    /// - Parameter order: the body, which is sent as JSON; nil sends none.
    func post(_ path: String, _ order: (any Encodable)? = nil) async throws -> ByteBuffer {
        try await ask("POST", path, ByteBuffer(bytes: try order.map { try AdminJSON.encode($0) } ?? []))
    }

    func post<View: Decodable>(
        _ path: String, _ order: (any Encodable)? = nil, as view: View.Type
    ) async throws -> View {
        try Self.read(try await post(path, order), as: view)
    }

    /// - Throws: an exit code, once the reason has been printed.
    static func read<View: Decodable>(_ answer: ByteBuffer, as view: View.Type) throws -> View {
        do {
            return try AdminJSON.decode(view, from: answer.readableBytesView)
        } catch {
            complain("holdfast: the answer can't be read: \(AdminJSON.reason(error)); is this the same version?")
            throw ExitStatus.unavailable.exit
        }
    }

    private func ask(_ method: String, _ path: String, _ body: ByteBuffer?) async throws -> ByteBuffer {
        switch await reply(method, path, body, within: .seconds(5)) {
        case .answered(let body): return body
        case .refused(let words, let isCallers):
            complain("holdfast: \(words)")
            throw isCallers ? ExitStatus.usage.exit : ExitStatus.unavailable.exit
        case .silent(let reason):
            complain("No Holdfast answers on \(address): \(reason); start one: holdfast serve")
            throw ExitStatus.unavailable.exit
        }
    }

    /// The outcome of a question to the server.
    enum Reply: Sendable {
        case answered(ByteBuffer)
        /// A no, in the server's words.
        /// - Parameter isCallers: true where the question is at fault.
        case refused(String, isCallers: Bool)
        /// Nothing was heard of it in time, or nobody is there.
        case silent(String)
    }

    /// Asks a server that may hang, for a command that goes on without it.
    func post(_ path: String, _ order: (any Encodable)? = nil, within time: Duration) async -> Reply {
        do {
            let body = ByteBuffer(bytes: try order.map { try AdminJSON.encode($0) } ?? [])
            return await reply("POST", path, body, within: .nanoseconds(Int64(time / .nanoseconds(1))))
        } catch {
            return .silent(AdminJSON.reason(error))
        }
    }

    /// Gets a resource of a server that may hang.
    func get(_ path: String, within time: Duration) async -> Reply {
        await reply("GET", path, nil, within: .nanoseconds(Int64(time / .nanoseconds(1))))
    }

    private func reply(
        _ method: String, _ path: String, _ body: ByteBuffer?, within time: TimeAmount
    ) async -> Reply {
        var request = HTTPClientRequest(url: "http://\(address)\(path)")
        request.method = HTTPMethod(rawValue: method)
        request.headers.add(name: "authorization", value: "Bearer \(token)")
        if let body { request.body = .bytes(body) }
        do {
            let response = try await HTTPClient.shared.execute(request, timeout: time)
            let body = try await response.body.collect(upTo: 16 << 20)
            if (200..<300).contains(response.status.code) { return .answered(body) }
            let said = (try? AdminJSON.decode(RefusalView.self, from: body.readableBytesView))?.error.message
            return .refused(
                said ?? "\(address) answered \(response.status.code)",
                isCallers: (400..<500).contains(response.status.code))
        } catch {
            return .silent(Self.reason(error))
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError: error.shortDescription
        case let error as NIOConnectionError: error.connectionErrors.last.map { reason($0.error) } ?? "\(error)"
        case let error as IOError: String(cString: strerror(error.errnoCode))
        default: "\(error)"
        }
    }
}
