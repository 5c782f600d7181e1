import Foundation
import Store
import Testing

struct StoreTests {
    private let directory = NSTemporaryDirectory() + "store-" + UUID().uuidString

    private func hold(_ id: String, model: String = "m") -> StoredHold {
        StoredHold(
            id: id, cause: "withdrawn", scope: "model", host: "h:443", credential: "", model: model, provider: "p",
            firmness: "lasting", origin: "traffic", name: "withdrawn", since: 1_780_000_000, words: "has been retired",
            rule: "model-gone", status: 404)
    }

    @Test func aHoldSurvivesReopening() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        do {
            let store = try Store(directory: directory)
            try store.save(hold("a"))
            try store.save(hold("b"))
            try store.save(hold("b", model: "other"))
            try store.removeHold("a")
            try store.removeHold("never-there")
        }
        #expect(try Store(directory: directory).holds() == [hold("b", model: "other")])
    }

    @Test func whatAnsweredKeepsItsFirstTime() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let store = try Store(directory: directory)
        try store.noteAnswered("h", "m", at: 10)
        try store.noteAnswered("h", "m", at: 30)
        try store.noteAnswered("h", "m", at: 20)
        let all = try store.answered()
        #expect(all.count == 1)
        #expect(all.first?.first == 10)
        #expect(all.first?.last == 30)
    }

    @Test func aKilledProcessLosesNothingThatWasSaved() throws {
        let copy = directory + "-copy"
        defer {
            try? FileManager.default.removeItem(atPath: directory)
            try? FileManager.default.removeItem(atPath: copy)
        }
        let store = try Store(directory: directory)
        try store.save(hold("a"))
        // As a killed process leaves them: the log not yet folded in.
        try FileManager.default.copyItem(atPath: directory, toPath: copy)
        #expect(try Store(directory: copy).holds() == [hold("a")])
        _ = store
    }

    @Test func aDamagedFileIsToldNotCrashedOn() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Data(repeating: 0x41, count: 8192).write(to: URL(fileURLWithPath: directory + "/holdfast.sqlite"))
        let error = #expect(throws: StoreError.self) { _ = try Store(directory: directory) }
        #expect(error?.message.contains("damaged") == true)
    }

    @Test func aFolderThatIsAFileIsTold() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try Data("x".utf8).write(to: URL(fileURLWithPath: directory))
        #expect(throws: StoreError.self) { _ = try Store(directory: directory) }
    }

    @Test func onlyTheOwnerCanReadIt() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let store = try Store(directory: directory)
        try store.save(hold("a"))
        let mode = try FileManager.default.attributesOfItem(atPath: directory + "/holdfast.sqlite")[.posixPermissions]
        #expect((mode as? NSNumber)?.intValue == 0o600)
    }
}
