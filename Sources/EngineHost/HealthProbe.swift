import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Asks an engine over its Unix socket whether it serves yet.
struct HealthProbe {
    let client: HTTPClient
    private let base: String

    /// - Parameter socketPath: an absolute path.
    init(client: HTTPClient, socketPath: String) {
        self.client = client
        // A URL's host part can carry a path only when it is escaped.
        base =
            "http+unix://"
            + socketPath.utf8.reduce(into: "") { escaped, byte in
                let digits = String(byte, radix: 16, uppercase: true)
                escaped += digits.utf8.count == 1 ? "%0" + digits : "%" + digits
            }
    }

    /// Settings for a client that probes: one try at a time, nothing followed.
    static var settings: HTTPClient.Configuration {
        var settings = HTTPClient.Configuration(redirectConfiguration: .disallow)
        settings.connectionPool.retryConnectionEstablishment = false
        return settings
    }

    /// Returns whether the engine reports that it is healthy.
    ///
    /// llama-server and vLLM answer `/health`; a server without that path counts as healthy once it lists its models.
    func isHealthy() async -> Bool {
        switch await status(of: "/health") {
        case 200: true
        case 404, 405: await status(of: "/v1/models") == 200
        default: false
        }
    }

    /// Returns the beginning of a tool call in the model's template: `<tool_call>` if llama.cpp's `/props` shows a
    /// template that contains it, otherwise nil.
    func toolCallOpening() async -> String? {
        let mark = "<tool_call>"
        guard let answer = await get("/props", upTo: 4 << 20), answer.status == 200 else { return nil }
        return String(buffer: answer.body).contains(mark) ? mark + "\n" : nil
    }

    private func status(of path: String) async -> UInt? { await get(path, upTo: 64 * 1024)?.status }

    private func get(_ path: String, upTo limit: Int) async -> (status: UInt, body: ByteBuffer)? {
        var request = HTTPClientRequest(url: base + path)
        // An idle connection would hold one of the engine's threads.
        request.headers.add(name: "connection", value: "close")
        guard let response = try? await client.execute(request, timeout: .seconds(2)) else { return nil }
        let body = try? await response.body.collect(upTo: limit)
        return (response.status.code, body ?? ByteBuffer())
    }
}
