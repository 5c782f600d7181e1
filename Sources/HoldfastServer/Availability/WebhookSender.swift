import AsyncHTTPClient
import Crypto
import FoundationEssentials
import Glibc
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import Settings
import Storage

/// Brings messages to webhooks, signed, until they are taken: at least once,
/// across restarts.
///
/// Signed as Standard Webhooks says (standardwebhooks.com, version 1):
/// HMAC-SHA256 over `id.timestamp.body`. A receiver that has seen the id
/// knows a repetition.
struct WebhookSender: Service {
    /// After the first failure, the second, …; the last one repeats.
    private static let waits = [5, 30, 120, 600, 1800, 3600]
    /// Then nobody waits for it any more.
    private static let longest = 3 * 86_400
    private static let atOnce = 8

    let outbox: any MessageOutbox
    let settings: CurrentSettings
    let logger: Logger

    func run() async throws {
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: .init(
                redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5), read: .seconds(10))))
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let more = await sendWhatIsDue(client)
                if !more { try? await Task.sleep(for: .seconds(1)) }
            }
        }
        try? await client.shutdown()
    }

    /// Sends the oldest message of each receiver: they come in their order.
    /// - Returns: whether there may be more.
    private func sendWhatIsDue(_ client: HTTPClient) async -> Bool {
        let due: [StoredMessage]
        do throws(StorageError) {
            due = try await outbox.messages(due: time(nil), limit: Self.atOnce)
        } catch {
            logger.error("alerts can't be read", metadata: ["problem": "\(error.message)"])
            return false
        }
        guard !due.isEmpty else { return false }
        let wasTaken = await withTaskGroup(of: Bool.self) { group in
            for message in due { group.addTask { await send(message, client) } }
            return await group.reduce(false) { $0 || $1 }
        }
        return wasTaken && !Task.isCancelled
    }

    /// - Returns: whether the next one of its receiver may follow.
    private func send(_ message: StoredMessage, _ client: HTTPClient) async -> Bool {
        guard let webhook = settings.now.webhooks.first(where: { $0.name == message.receiver }) else {
            logger.warning(
                "an alert's webhook is no longer in the settings; it is dropped",
                metadata: ["webhook": "\(message.receiver)"])
            return await forget(message)
        }
        let problem = await post(message, to: webhook, client)
        guard let problem else { return await forget(message) }
        // The process ends: it stays as it is, for the next one.
        guard !Task.isCancelled else { return false }
        let now = time(nil)
        var later = message
        later.attempts += 1
        guard now - message.created < Self.longest else {
            logger.error(
                "an alert was not taken in three days; it is dropped",
                metadata: ["webhook": "\(webhook.name)", "message": "\(message.id)", "problem": "\(problem)"])
            return await forget(message)
        }
        later.due = now + Self.waits[min(later.attempts, Self.waits.count) - 1]
        if later.attempts == 1 || later.attempts == Self.waits.count {
            logger.warning(
                "a webhook doesn't take an alert; it is sent again later",
                metadata: ["webhook": "\(webhook.name)", "message": "\(message.id)", "problem": "\(problem)"])
        }
        do throws(StorageError) {
            try await outbox.save([later])
        } catch {
            logger.error("an alert's next time can't be kept", metadata: ["problem": "\(error.message)"])
        }
        return false
    }

    /// - Returns: whether it is forgotten.
    private func forget(_ message: StoredMessage) async -> Bool {
        do throws(StorageError) {
            try await outbox.removeMessage(message.id)
            return true
        } catch {
            logger.error(
                "an alert that was sent can't be crossed off; it will be sent again",
                metadata: ["problem": "\(error.message)"])
            return false
        }
    }

    /// - Returns: why it wasn't taken, without the address, which may hold a
    ///   token; nil if it was.
    private func post(_ message: StoredMessage, to webhook: Webhook, _ client: HTTPClient) async -> String? {
        let timestamp = String(time(nil))
        var request = HTTPClientRequest(url: webhook.url.reveal())
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.headers.add(name: "user-agent", value: "Holdfast")
        request.headers.add(name: "webhook-id", value: message.id)
        request.headers.add(name: "webhook-timestamp", value: timestamp)
        let signed = "\(message.id).\(timestamp).\(message.body)"
        let code = HMAC<SHA256>.authenticationCode(
            for: Array(signed.utf8), using: SymmetricKey(data: Self.key(webhook.secret.reveal())))
        request.headers.add(name: "webhook-signature", value: "v1,\(Data(code).base64EncodedString())")
        request.body = .bytes(ByteBuffer(string: message.body))
        do {
            let response = try await client.execute(request, timeout: .seconds(15))
            // What it says is nobody's to read.
            _ = try? await response.body.collect(upTo: 64 << 10)
            return (200..<300).contains(response.status.code) ? nil : "it answered \(response.status.code)"
        } catch let error as HTTPClientError {
            return error.shortDescription
        } catch let error as NIOConnectionError {
            // Without the address that it was.
            let reasons = error.connectionErrors.map { Self.reason($0.error) }
            return "no connection: \(reasons.last ?? "the name of its host isn't known")"
        } catch {
            return "no connection: \(Self.reason(error))"
        }
    }

    private static func reason(_ error: any Error) -> String {
        (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(type(of: error))"
    }

    private static func key(_ secret: String) -> Data {
        let prefix = "whsec_"
        if secret.hasPrefix(prefix), let key = Data(base64Encoded: String(secret.dropFirst(prefix.count))) {
            return key
        }
        return Data(secret.utf8)
    }
}
