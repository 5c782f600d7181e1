import Crypto
import FoundationEssentials
package import Logging
package import Settings
package import Storage

/// One delivery of a message to a webhook.
package struct WebhookPost: Sendable {
    /// The receiver's address, which may hold a token.
    package var url: Secret
    package var fields: [(name: String, value: String)]
    package var body: String

    package subscript(field: String) -> String? { fields.first { $0.name == field }?.value }
}

/// The end of a delivery.
package enum WebhookOutcome: Sendable, Hashable {
    /// The receiver answered with this status.
    case answered(Int)
    /// No answer came; the reason, without the address.
    case failed(String)
}

/// The way to the receivers of webhooks.
package protocol WebhookTransport: Sendable {
    func post(_ post: WebhookPost) async -> WebhookOutcome
}

/// Brings messages to webhooks, signed, until they are taken: at least once,
/// across restarts.
///
/// Signed as Standard Webhooks says (standardwebhooks.com, version 1):
/// HMAC-SHA256 over `id.timestamp.body`. A receiver that has seen the id
/// knows a repetition.
package struct WebhookDelivery: Sendable {
    /// After the first failure, the second, …; the last one repeats.
    private static let waits = [5, 30, 120, 600, 1800, 3600]
    /// The age in seconds after which a message is no longer of use.
    private static let longest = 3 * 86_400
    private static let atOnce = 8

    private let outbox: any MessageOutbox
    private let settings: CurrentSettings
    private let transport: any WebhookTransport
    private let logger: Logger
    private let keyed: @Sendable (String) -> Webhook?
    private let clock: @Sendable () -> Int

    /// - Parameters:
    ///   - keyed: the receiver of a key's notices by its name; nil where there
    ///     is none.
    ///   - clock: seconds since 1970.
    package init(
        outbox: any MessageOutbox, settings: CurrentSettings, transport: any WebhookTransport, logger: Logger,
        keyed: @escaping @Sendable (String) -> Webhook? = { _ in nil },
        clock: @escaping @Sendable () -> Int = { SystemClock.seconds() }
    ) {
        self.outbox = outbox
        self.settings = settings
        self.transport = transport
        self.logger = logger
        self.keyed = keyed
        self.clock = clock
    }

    /// Sends the oldest message of each receiver, so that each gets its messages in order.
    /// - Returns: true if there may be more.
    package func sendWhatIsDue() async -> Bool {
        let due: [StoredMessage]
        do throws(StorageError) {
            due = try await outbox.messages(due: clock(), limit: Self.atOnce)
        } catch {
            logger.error("alerts can't be read", metadata: ["problem": "\(error.message)"])
            return false
        }
        guard !due.isEmpty else { return false }
        let wasTaken = await withTaskGroup(of: Bool.self) { group in
            for message in due { group.addTask { await send(message) } }
            return await group.reduce(false) { $0 || $1 }
        }
        return wasTaken && !Task.isCancelled
    }

    /// - Returns: true if the next message to the same receiver may follow.
    private func send(_ message: StoredMessage) async -> Bool {
        guard
            let webhook = settings.now.webhooks.first(where: { $0.name == message.receiver })
                ?? keyed(message.receiver)
        else {
            logger.warning(
                "an alert's webhook is no longer in the settings; it is dropped",
                metadata: ["webhook": "\(message.receiver)"])
            return await forget(message)
        }
        guard let problem = await problem(of: message, to: webhook) else { return await forget(message) }
        // The process ends: it stays as it is, for the next one.
        guard !Task.isCancelled else { return false }
        let now = clock()
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

    /// - Returns: true if the message is removed.
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

    /// - Returns: the reason why the message wasn't accepted, without the address; nil if it was accepted.
    private func problem(of message: StoredMessage, to webhook: Webhook) async -> String? {
        let timestamp = String(clock())
        let signed = "\(message.id).\(timestamp).\(message.body)"
        let code = HMAC<SHA256>.authenticationCode(
            for: Array(signed.utf8), using: SymmetricKey(data: Self.key(webhook.secret.reveal())))
        let post = WebhookPost(
            url: webhook.url,
            fields: [
                ("content-type", "application/json"), ("user-agent", "Holdfast"), ("webhook-id", message.id),
                ("webhook-timestamp", timestamp), ("webhook-signature", "v1,\(Data(code).base64EncodedString())"),
            ], body: message.body)
        switch await transport.post(post) {
        case .answered(200..<300): return nil
        case .answered(let status): return "it answered \(status)"
        case .failed(let reason): return reason
        }
    }

    private static func key(_ secret: String) -> Data {
        let prefix = "whsec_"
        if secret.hasPrefix(prefix), let key = Data(base64Encoded: String(secret.dropFirst(prefix.count))) {
            return key
        }
        return Data(secret.utf8)
    }
}
