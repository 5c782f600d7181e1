import Crypto
import Foundation
import GatewayTesting
import HoldfastServer
import Logging
import Settings
import Storage
import StorageTesting
import Synchronization
import Testing

/// Receivers that answer as a test says, and keep what they were sent.
final class ScriptedReceivers: WebhookTransport {
    let posts = Watched<[WebhookPost]>([])
    private let answer: @Sendable (WebhookPost) async -> WebhookOutcome

    init(_ answer: @escaping @Sendable (WebhookPost) async -> WebhookOutcome = { _ in .answered(204) }) {
        self.answer = answer
    }

    func post(_ post: WebhookPost) async -> WebhookOutcome {
        posts.change { $0.append(post) }
        return await answer(post)
    }

    /// Ids of the messages, in the order in which they came.
    var ids: [String] { posts.value.map { $0["webhook-id"] ?? "" } }
}

/// Messages on their way to webhooks.
@Suite struct WebhookTests {
    private let clock = Watched(halfPastTen)
    private let log = LogLines()

    private static func settings(_ names: [String] = ["pager"], secret: String = AlertBench.secret) throws -> Settings {
        try HoldfastServerTests.settings(
            AlertBench.text(names.map { "\($0): {}" }).replacing(AlertBench.secret, with: secret))
    }

    private func delivery(
        _ outbox: any MessageOutbox, _ receivers: ScriptedReceivers, _ settings: CurrentSettings
    ) -> WebhookDelivery {
        let clock = clock
        return WebhookDelivery(
            outbox: outbox, settings: settings, transport: receivers, logger: log.logger, clock: { clock.value })
    }

    private func delivery(_ outbox: any MessageOutbox, _ receivers: ScriptedReceivers) throws -> WebhookDelivery {
        delivery(outbox, receivers, CurrentSettings(try Self.settings()))
    }

    private static func message(
        _ id: String, to receiver: String = "pager", at created: Int = halfPastTen, body: String = "{}"
    ) -> StoredMessage {
        StoredMessage(id: id, receiver: receiver, body: body, created: created, due: created)
    }

    // MARK: What is sent

    /// The example of the specification of Standard Webhooks.
    @Test func aMessageIsSignedAsStandardWebhooksSays() async throws {
        let outbox = MemoryStorage()
        clock.change { $0 = 1_614_265_330 }
        try await outbox.save([
            Self.message("msg_p5jXN8AQM9LWM0D4loKWxJek", at: clock.value, body: #"{"test": 2432232314}"#)
        ])
        let receivers = ScriptedReceivers()
        #expect(try await delivery(outbox, receivers).sendWhatIsDue())
        let post = try #require(receivers.posts.value.first)
        #expect(post["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        #expect(post["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek" && post["webhook-timestamp"] == "1614265330")
        #expect(post["content-type"] == "application/json" && post.body == #"{"test": 2432232314}"#)
        #expect(post.url.reveal() == "https://pager.example/t0ken")
        #expect(post.fields.count == 5)
    }

    @Test("a secret that is no base64 is a key as it stands") func plainSecret() async throws {
        let outbox = MemoryStorage()
        clock.change { $0 = 1_614_265_330 }
        try await outbox.save([Self.message("msg_1", at: clock.value)])
        let receivers = ScriptedReceivers()
        let settings = CurrentSettings(try Self.settings(secret: "'no base64, and long enough'"))
        _ = await delivery(outbox, receivers, settings).sendWhatIsDue()
        let post = try #require(receivers.posts.value.first)
        #expect(post["webhook-signature"] == "v1,DdRpP0e+Tq+E8cWu9fzbpPjd0TtQu+yTOSGpEWs45ms=")
    }

    @Test("each try is signed for its own time") func laterTry() async throws {
        let outbox = MemoryStorage()
        try await outbox.save([Self.message("msg_1")])
        let receivers = ScriptedReceivers { _ in .answered(500) }
        let delivery = try delivery(outbox, receivers)
        _ = await delivery.sendWhatIsDue()
        clock.change { $0 += 5 }
        _ = await delivery.sendWhatIsDue()
        let posts = receivers.posts.value
        #expect(posts.map { $0["webhook-timestamp"] } == ["\(halfPastTen)", "\(halfPastTen + 5)"])
        #expect(Set(posts.map { $0["webhook-signature"] }).count == 2 && Set(receivers.ids).count == 1)
    }

    // MARK: Taken or not

    @Test(
        "an answer of 200 to 299 takes a message, and nothing else does",
        arguments: [
            (.answered(200), true), (.answered(204), true), (.answered(299), true), (.answered(199), false),
            (.answered(300), false), (.answered(301), false), (.answered(400), false), (.answered(410), false),
            (.answered(429), false), (.answered(500), false), (.failed("no connection"), false),
        ] as [(WebhookOutcome, Bool)])
    func taken(_ outcome: WebhookOutcome, _ isTaken: Bool) async throws {
        let outbox = MemoryStorage()
        try await outbox.save([Self.message("msg_1")])
        let delivery = try delivery(outbox, ScriptedReceivers { _ in outcome })
        #expect(await delivery.sendWhatIsDue() == isTaken)
        #expect(outbox.tables.withLock { $0.messages.isEmpty } == isTaken)
        #expect(log.lines(from: .warning).isEmpty == isTaken)
    }

    @Test("what isn't taken comes again after 5 s, 30 s, 2 min, 10 min, 30 min, and every hour")
    func waits() async throws {
        let outbox = MemoryStorage()
        try await outbox.save([Self.message("msg_1")])
        let receivers = ScriptedReceivers { _ in .answered(503) }
        let delivery = try delivery(outbox, receivers)
        #expect(await !delivery.sendWhatIsDue())
        for (number, wait) in [5, 30, 120, 600, 1800, 3600, 3600, 3600].enumerated() {
            clock.change { $0 += wait - 1 }
            #expect(await !delivery.sendWhatIsDue() && receivers.ids.count == number + 1, "before \(wait) s")
            clock.change { $0 += 1 }
            #expect(await !delivery.sendWhatIsDue() && receivers.ids.count == number + 2, "after \(wait) s")
        }
        #expect(outbox.tables.withLock { $0.messages["msg_1"]?.attempts } == 9)
        // Told at the first failure, and once more when it is serious.
        #expect(log.lines(from: .warning).count == 2)
    }

    @Test("after three days nobody waits for an alert any more") func threeDays() async throws {
        let outbox = MemoryStorage()
        try await outbox.save([Self.message("msg_1"), Self.message("msg_2", at: halfPastTen + 1)])
        let receivers = ScriptedReceivers { $0["webhook-id"] == "msg_1" ? .failed("no connection") : .answered(204) }
        let delivery = try delivery(outbox, receivers)
        clock.change { $0 += 3 * 86_400 - 1 }
        #expect(await !delivery.sendWhatIsDue())
        #expect(outbox.tables.withLock { $0.messages.count == 2 })
        clock.change { $0 += 5 }
        #expect(await delivery.sendWhatIsDue(), "the next one may follow")
        #expect(log.lines(from: .error).count == 1)
        #expect(await delivery.sendWhatIsDue())
        #expect(receivers.ids == ["msg_1", "msg_1", "msg_2"])
        #expect(outbox.tables.withLock { $0.messages.isEmpty })
    }

    @Test("neither the address nor the secret of a webhook is in the log") func secrets() async throws {
        let outbox = MemoryStorage()
        try await outbox.save([Self.message("msg_1"), Self.message("msg_2", to: "gone")])
        let receivers = ScriptedReceivers { _ in .failed("no connection") }
        let delivery = try delivery(outbox, receivers)
        for _ in 0..<10 {
            _ = await delivery.sendWhatIsDue()
            clock.change { $0 += 86_400 }
        }
        #expect(log.lines(from: .warning).count >= 3)
        for line in log.lines() {
            #expect(!line.contains("t0ken") && !line.contains("pager.example") && !line.contains("whsec_"), "\(line)")
        }
        for post in receivers.posts.value { #expect(!"\(post)".contains("t0ken")) }
    }

    // MARK: Order

    @Test(
        "a receiver gets its messages in order, the next one once the one before is taken",
        arguments: StorageKind.allCases)
    func order(_ kind: StorageKind) async throws {
        let disk = Disk(kind)
        let outbox = try disk.open()
        try await outbox.save([
            Self.message("msg_b", at: halfPastTen - 1), Self.message("msg_c"), Self.message("msg_a"),
            Self.message("msg_d", to: "other"),
        ])
        let isUp = Watched(false)
        let receivers = ScriptedReceivers { post in
            post.url.reveal().contains("other") || isUp.value ? .answered(204) : .answered(500)
        }
        let delivery = delivery(outbox, receivers, CurrentSettings(try Self.settings(["pager", "other"])))
        // The other receiver waits for nobody.
        #expect(await delivery.sendWhatIsDue())
        #expect(receivers.ids.sorted() == ["msg_b", "msg_d"])
        #expect(await !delivery.sendWhatIsDue() && receivers.ids.count == 2)
        isUp.change { $0 = true }
        clock.change { $0 += 5 }
        while await delivery.sendWhatIsDue() {}
        #expect(receivers.ids.suffix(3) == ["msg_b", "msg_a", "msg_c"])
        #expect(try await outbox.messages(due: .max, limit: 9).isEmpty)
    }

    @Test("no more than eight messages are under way at once") func atOnce() async throws {
        let outbox = MemoryStorage()
        let names = (0..<10).map { "hook\($0)" }
        try await outbox.save(names.map { Self.message("msg_\($0)", to: $0) })
        let underWay = Watched((now: 0, most: 0))
        let receivers = ScriptedReceivers { _ in
            underWay.change {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
            await Task.yield()
            underWay.change { $0.now -= 1 }
            return .answered(204)
        }
        let delivery = delivery(outbox, receivers, CurrentSettings(try Self.settings(names)))
        #expect(await delivery.sendWhatIsDue() && receivers.ids.count == 8)
        #expect(await delivery.sendWhatIsDue() && Set(receivers.ids).count == 10)
        #expect(await !delivery.sendWhatIsDue())
        #expect((1...8).contains(underWay.value.most))
    }

    // MARK: Restarts and edits

    @Test("a message that wasn't taken comes again after a restart", arguments: StorageKind.allCases)
    func restart(_ kind: StorageKind) async throws {
        let disk = Disk(kind)
        let refusing = ScriptedReceivers { _ in .answered(500) }
        let taking = ScriptedReceivers()
        for receivers in [refusing, taking] {
            let outbox = try disk.open()
            if receivers === refusing { try await outbox.save([Self.message("msg_1")]) }
            _ = try await delivery(outbox, receivers).sendWhatIsDue()
            clock.change { $0 += 5 }
            disk.close()
        }
        #expect(refusing.ids == ["msg_1"] && taking.ids == ["msg_1"])
        #expect(try await disk.open().messages(due: .max, limit: 9).isEmpty)
    }

    @Test("a delivery that the end of the process cuts short is no failure") func cutShort() async throws {
        let outbox = MemoryStorage()
        try await outbox.save([Self.message("msg_1")])
        let receivers = ScriptedReceivers { _ in
            while !Task.isCancelled { await Task.yield() }
            return .failed("cancelled")
        }
        let delivery = try delivery(outbox, receivers)
        let sending = Task { await delivery.sendWhatIsDue() }
        try await receivers.posts.until(within: .seconds(60), "it is sent") { !$0.isEmpty }
        sending.cancel()
        #expect(await !sending.value)
        #expect(outbox.tables.withLock { $0.messages["msg_1"] } == Self.message("msg_1"))
        #expect(log.lines(from: .warning).isEmpty)
    }

    @Test func anEditMovesAMessageToTheNewAddressAndDropsThoseOfARemovedWebhook() async throws {
        let outbox = MemoryStorage()
        try await outbox.save([Self.message("msg_1"), Self.message("msg_2", to: "other")])
        let isUp = Watched(false)
        let receivers = ScriptedReceivers { _ in isUp.value ? .answered(204) : .answered(500) }
        let settings = CurrentSettings(try Self.settings(["pager", "other"]))
        let delivery = delivery(outbox, receivers, settings)
        _ = await delivery.sendWhatIsDue()
        let moved = AlertBench.text(["pager: {}"]).replacing("pager.example", with: "moved.example")
        _ = settings.replace(with: try HoldfastServerTests.settings(moved))
        isUp.change { $0 = true }
        clock.change { $0 += 5 }
        while await delivery.sendWhatIsDue() {}
        let addresses = receivers.posts.value.map { $0.url.reveal() }
        #expect(addresses.count == 3 && addresses.last == "https://moved.example/t0ken")
        #expect(outbox.tables.withLock { $0.messages.isEmpty })
        #expect(log.lines().contains { $0.contains("no longer in the settings") })
    }

    // MARK: A disk that refuses

    @Test("a message that is sent and can't be crossed off is sent again, under its id")
    func notCrossedOff() async throws {
        let outbox = MemoryStorage()
        try await outbox.save([Self.message("msg_1")])
        let receivers = ScriptedReceivers { _ in
            outbox.refuse([.messages])
            return .answered(204)
        }
        let delivery = try delivery(outbox, receivers)
        #expect(await !delivery.sendWhatIsDue())
        #expect(log.lines(from: .error).count == 1)
        outbox.refuse([])
        #expect(await !delivery.sendWhatIsDue())
        #expect(receivers.ids == ["msg_1", "msg_1"])
    }

    @Test func alertsThatCantBeReadAreAnErrorInTheLog() async throws {
        let outbox = MemoryStorage()
        try await outbox.save([Self.message("msg_1")])
        outbox.refuse([.messages])
        let receivers = ScriptedReceivers()
        #expect(try await !delivery(outbox, receivers).sendWhatIsDue())
        #expect(log.lines(from: .error).count == 1 && receivers.ids.isEmpty)
    }
}
