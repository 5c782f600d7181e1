import Crypto
import Foundation
import Gateway
import GatewayTesting
import HoldfastServer
import Ledger
import LedgerDisk
import Logging
import NIOCore
import Resilience
import Settings
import Storage
import StorageTesting
import Testing

/// The ledger of a running Holdfast, on a disk.
@Suite struct LedgerServiceTests {
    private let folder = ScratchFolder()
    private let heads = MemoryStorage()
    private let log = LogLines()
    /// Microseconds since 1970.
    private let clock = Watched(halfPastTen * 1_000_000)

    private func open(
        _ directory: String = "ledger", name: String = "ledger.test.example", kinds: Set<LedgerSettings.Kind>? = nil
    ) async throws -> LedgerService {
        var settings = LedgerSettings(name: name, directory: "\(folder.path)/\(directory)")
        settings.kinds = kinds ?? settings.kinds
        let clock = clock
        while true {
            do throws(StartupError) {
                return try await LedgerService(settings, heads: heads, logger: log.logger, clock: { clock.value })
            } catch {
                guard error.message.contains("another process writes the ledger") else { throw error }
                // The one before lets go of its lock once its queue is empty.
                await Task.yield()
            }
        }
    }

    /// Writes what remains, as the end of the process does.
    private func close(_ ledger: LedgerService) async {
        ledger.close()
        let writing = Task { await ledger.run() }
        writing.cancel()
        await writing.value
    }

    /// The text of the closed ledger's entries, verified up to the signed root.
    private func entries(of ledger: LedgerService) throws -> [String] {
        var entries: [String] = []
        _ = try LedgerVerifier(LedgerFolder(ledger.publicPath), policy: LedgerPolicy(log: ledger.key))
            .verify { _, bytes in
                entries.append(EntryText(bytes).map { String(decoding: $0.json, as: UTF8.self) } ?? "no entry")
            }
        return entries
    }

    private func kinds(of ledger: LedgerService) throws -> [String] {
        try entries(of: ledger).map { try #require(try member("kind", of: $0)) }
    }

    /// A process that puts one action on record and ends.
    private func run(_ path: String) async throws {
        let ledger = try await open()
        ledger.record(Self.action(path))
        await close(ledger)
    }

    private static func action(_ path: String) -> ServerEvent {
        .administration(AdministrationEvent(path: path, by: "key_1", parameter: "", body: ByteBuffer()))
    }

    private func refusal(_ open: () async throws -> LedgerService) async -> StartupError? {
        do {
            _ = try await open()
            return nil
        } catch { return error as? StartupError }
    }

    @Test func eventsAndRequestsAreInOneVerifiableLogInTheirOrder() async throws {
        let ledger = try await open()
        let house = House(auditRecorder: ledger)
        ledger.record(.health([.placed(.example())]))
        await house.ask(id: "req_a")
        ledger.record(Self.action("/admin/holds"))
        await house.ask(id: "req_b")
        await close(ledger)
        let entries = try entries(of: ledger)
        #expect(
            try kinds(of: ledger) == [
                "\"hold.placed\"", "\"request.settled\"", "\"administration\"", "\"request.settled\"",
            ])
        #expect(try member("id", of: entries[1]) == "\"req_a\"" && member("id", of: entries[3]) == "\"req_b\"")
        #expect(try entries.allSatisfy { try member("at", of: $0) == "\"2026-06-12T10:30:00.000Z\"" })
    }

    /// As docs/ledger.md tells whoever keeps the salt.
    private func digest(_ bytes: String, of request: String) throws -> String {
        let secret = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/ledger/private/salt"))
        #expect(secret.count == 32)
        let salt = SHA256.hash(data: Array(secret) + [UInt8](repeating: 0, count: 32) + Array(request.utf8))
        return Data(SHA256.hash(data: Array(salt.prefix(16)) + Array(bytes.utf8))).base64EncodedString()
    }

    @Test("whoever keeps the salt can show that a digest is a prompt's or an answer's") func digests() async throws {
        let ledger = try await open()
        let house = House(auditRecorder: ledger)
        let body = #"{"model":"talk","messages":[{"role":"user","content":"a prompt"}]}"#
        let reply = await house.send(body, id: "req_a")
        await house.send(body, id: "req_b")
        await close(ledger)
        let entries = try entries(of: ledger)
        #expect(try member("prompt_sha256", of: entries[0]) == "\"\(try digest(body, of: "req_a"))\"")
        #expect(try member("answer_sha256", of: entries[0]) == "\"\(try digest(reply.text, of: "req_a"))\"")
        // The same words of another request look like any others.
        #expect(try member("prompt_sha256", of: entries[1]) != member("prompt_sha256", of: entries[0]))
    }

    @Test("the public folder holds no prompt, no answer, no key and no salt") func publicFolder() async throws {
        let ledger = try await open()
        let house = House(auditRecorder: ledger)
        await house.ask("talk", "a secret prompt")
        await close(ledger)
        let salt = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/ledger/private/salt"))
        let key = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/ledger/private/key"))
        let files = try #require(try LedgerFolder(ledger.publicPath).list())
        #expect(files.contains("checkpoint"))
        let words = ["a secret prompt", "the answer", TestGateway.key].map { Data($0.utf8) }
        for file in files {
            let bytes = Data(try #require(try LedgerFolder(ledger.publicPath).read(file)))
            for secret in words + [salt, key] { #expect(bytes.range(of: secret) == nil, "\(file)") }
        }
    }

    @Test func requestsAreNotWitnessedWhereTheSettingsDontListThem() async throws {
        let ledger = try await open(kinds: [.holds])
        let house = House(auditRecorder: ledger)
        #expect(await house.ask().status == 200)
        ledger.record(.health([.placed(.example())]))
        await close(ledger)
        #expect(try kinds(of: ledger) == ["\"hold.placed\""])
    }

    @Test("an entry that is longer than a ledger takes is left out loudly") func tooLong() async throws {
        let ledger = try await open()
        ledger.record(Self.action(String(repeating: "x", count: 70_000)))
        ledger.record(Self.action("/admin/holds"))
        await close(ledger)
        #expect(try kinds(of: ledger) == ["\"administration\""])
        #expect(log.lines(from: .error).count == 1)
    }

    @Test func aLedgerGoesOnAfterARestart() async throws {
        for number in 1...3 { try await run("/\(number)") }
        let ledger = try await open()
        #expect(try entries(of: ledger).map { try member("action", of: $0) } == ["\"/1\"", "\"/2\"", "\"/3\""])
        #expect(log.lines(from: .warning).isEmpty)
    }

    // MARK: What a person must look at

    @Test func aClockThatWasSetBackIsRefused() async throws {
        try await run("/1")
        clock.change { $0 -= 3600 * 1_000_000 }
        let refusal = await refusal { try await open() }
        #expect(refusal?.kind == .unavailable && refusal?.message.contains("the clock was set back") == true)
        // A minute is what clocks may differ by.
        clock.change { $0 += 3550 * 1_000_000 }
        try await run("/2")
    }

    @Test func aLedgerThatWasRolledBackIsRefused() async throws {
        try await run("/1")
        try FileManager.default.copyItem(atPath: folder.path + "/ledger", toPath: folder.path + "/backup")
        try await run("/2")
        let refusal = await refusal { try await open("backup") }
        #expect(refusal?.kind == .unavailable && refusal?.message.contains("rolled back") == true)
        try await run("/3")
    }

    @Test func anotherNameNeedsAnotherDirectory() async throws {
        try await run("/1")
        let refusal = await refusal { try await open(name: "other.test.example") }
        #expect(refusal?.message.contains("\"other.test.example\"") == true)
        #expect(refusal?.message.contains("ledger.test.example") == true)
    }

    @Test func aMemoryThatCantSayWhereTheLedgerWasIsRefused() async {
        heads.refuse([.heads])
        let refusal = await refusal { try await open() }
        #expect(refusal == StartupError(.unavailable, "the disk is full"))
    }

    @Test("the newest checkpoint is remembered as soon as the disk takes it") func newest() async throws {
        try await run("/1")
        let kept = try #require(try await heads.ledgerHead("ledger.test.example"))
        #expect(try Checkpoint(text: kept.text).size == 1 && kept.time == UInt64(halfPastTen))
    }
}
