import Foundation
import Ledger
import LedgerDisk
import Synchronization
import Testing

@Suite struct SequencerTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "ledger-\(UUID())").path

    private func sequencer(
        _ files: any LedgerFiles & Sendable, _ key: SignerKey, _ options: LedgerSequencer.Options = .init(),
        told: @escaping @Sendable (LedgerSequencer.Event) -> Void = { _ in }
    ) throws -> LedgerSequencer {
        try LedgerSequencer(
            options: options, clock: { 1_000 },
            reopen: { () throws(LedgerProblem) in try LedgerWriter(files, key: key, time: 1_000) }, told: told)
    }

    @Test func manyWritersHaveOnePlaceEach() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let storage = try LedgerStorage(folder)
        let key = try storage.key(named: "test.example")
        let sequencer = try sequencer(storage, key)
        let indices = try await withThrowingTaskGroup(of: UInt64.self) { group in
            for number in 0..<2_500 { group.addTask { try await sequencer.append(Array("entry \(number)".utf8)) } }
            return try await group.reduce(into: Set<UInt64>()) { $0.insert($1) }
        }
        #expect(indices == Set(0..<2_500))
        #expect(sequencer.close() == 0)
        let report = try LedgerVerifier(LedgerFolder(storage.publicPath), policy: LedgerPolicy(log: key.verifier))
            .verify()
        #expect(report.entries == 2_500)
        await #expect(throws: LedgerProblem.self) { try await sequencer.append([1]) }
    }

    @Test func twoProcessesDontWriteOneLedger() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let first = try LedgerStorage(folder)
        #expect(throws: LedgerProblem("another process writes the ledger in \(folder)")) { try LedgerStorage(folder) }
        let key = try first.key(named: "test.example")
        #expect(try first.key(named: "other.example").verifier == key.verifier)
        let secret = try first.secret(named: "salt")
        #expect(try first.secret(named: "salt") == secret && secret.count == 32)
        for name in ["key", "salt"] {
            let mode = try FileManager.default.attributesOfItem(atPath: "\(folder)/private/\(name)")[.posixPermissions]
            #expect(mode as? Int == 0o600)
        }
    }

    /// A disk that is full for a while loses nothing.
    @Test func aDiskThatFailsForAWhile() async throws {
        let key = SignerKey(name: "test.example")!
        let files = MemoryFiles()
        let recovered = AsyncStream<Void>.makeStream()
        let sequencer = try sequencer(files, key) { event in
            switch event {
            // There is room again by the time that it tries anew.
            case .stuck: files.budget = nil
            case .recovered: recovered.continuation.yield()
            case .published: break
            }
        }
        #expect(try await sequencer.append(Array("first".utf8)) == 0)
        files.budget = 1
        let second = Task { try await sequencer.append(Array("second".utf8)) }
        for await _ in recovered.stream { break }
        #expect(try await second.value == 1)
        #expect(try await sequencer.append(Array("third".utf8)) == 2)
        #expect(sequencer.close() == 0)
        #expect(try LedgerVerifier(files, policy: LedgerPolicy(log: key.verifier)).verify().entries == 3)
    }

    @Test func whatIsTooLongIsRefused() async throws {
        let sequencer = try sequencer(MemoryFiles(), SignerKey(name: "test.example")!)
        #expect(try await sequencer.append([UInt8](repeating: 7, count: 65_535)) == 0)
        await #expect(throws: LedgerProblem.self) { try await sequencer.append([UInt8](repeating: 7, count: 65_536)) }
    }
}
