import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import Settings
import Storage

/// Has messages delivered to webhooks for as long as the process runs, over
/// HTTP.
struct WebhookSender: Service {
    let outbox: any MessageOutbox
    let settings: CurrentSettings
    let keyed: @Sendable (String) -> Webhook?
    let logger: Logger

    func run() async throws {
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: .init(
                redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5), read: .seconds(10))))
        let delivery = WebhookDelivery(
            outbox: outbox, settings: settings, transport: WebhookClient(client: client), logger: logger,
            keyed: keyed)
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let more = await delivery.sendWhatIsDue()
                if !more { try? await Task.sleep(for: .seconds(1)) }
            }
        }
        try? await client.shutdown()
    }
}

/// The way to webhooks by an HTTP client.
private struct WebhookClient: WebhookTransport {
    let client: HTTPClient

    func post(_ post: WebhookPost) async -> WebhookOutcome {
        var request = HTTPClientRequest(url: post.url.reveal())
        request.method = .POST
        for (name, value) in post.fields { request.headers.add(name: name, value: value) }
        request.body = .bytes(ByteBuffer(string: post.body))
        do {
            let response = try await client.execute(request, timeout: .seconds(15))
            // Nobody reads the words of the answer.
            _ = try? await response.body.collect(upTo: 64 << 10)
            return .answered(Int(response.status.code))
        } catch let error as HTTPClientError {
            return .failed(error.shortDescription)
        } catch let error as NIOConnectionError {
            // Without the address, which is not for the log.
            let reasons = error.connectionErrors.map { Self.reason($0.error) }
            return .failed("no connection: \(reasons.last ?? "the name of its host isn't known")")
        } catch {
            return .failed("no connection: \(Self.reason(error))")
        }
    }

    private static func reason(_ error: any Error) -> String {
        (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(type(of: error))"
    }
}
