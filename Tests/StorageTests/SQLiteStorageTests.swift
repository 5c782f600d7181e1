import Foundation
import Storage
import StorageSQLite
import StorageTesting
import Testing

/// The SQLite file: its owner, its lock, and its behaviour when the disk
/// refuses.
@Suite struct SQLiteStorageTests {
    @Test func onlyTheOwnerCanReadIt() async throws {
        let folder = ScratchFolder()
        let storage = try SQLiteStorage(directory: folder.path + "/deep/data")
        try await storage.apply([.save(.example("a"))])
        for part in ["/deep", "/deep/data"] { #expect(try folder.mode(part) == 0o700) }
        for part in ["", "-wal", "-shm"] { #expect(try folder.mode("/deep/data/holdfast.sqlite" + part) == 0o600) }
    }

    @Test func aFileThatOthersCouldReadIsClosedToThem() async throws {
        let folder = ScratchFolder()
        do { try await SQLiteStorage(directory: folder.path).apply([.save(.example("a"))]) }
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o666], ofItemAtPath: folder.path + "/holdfast.sqlite")
        let storage = try SQLiteStorage(directory: folder.path)
        #expect(try folder.mode("/holdfast.sqlite") == 0o600)
        #expect(try await storage.holds().count == 1)
    }

    @Test func manyTasksLoseNothing() async throws {
        let folder = ScratchFolder()
        let storage = try SQLiteStorage(directory: folder.path)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for step in 0..<20 {
                        try await storage.apply([.save(.example("\(task)-\(step)"))])
                        _ = try await storage.holds()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await storage.holds().count == 160)
    }

    @Test("a write that was begun is finished though its task is cancelled") func cancelled() async throws {
        let folder = ScratchFolder()
        let storage = try SQLiteStorage(directory: folder.path)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await storage.apply([.save(.example("a"))])
        }
        try await task.value
        #expect(try await storage.holds().map(\.id) == ["a"])
    }

    @Test("while another process holds the lock, writes say so and reads go on") func locked() async throws {
        let folder = ScratchFolder()
        let storage = try SQLiteStorage(directory: folder.path)
        try await storage.apply([.save(.example("a"))])
        let other = try RawDatabase(folder.path + "/holdfast.sqlite")
        try other.run("BEGIN EXCLUSIVE")
        let refused = await #expect(throws: StorageError.self) { try await storage.apply([.save(.example("b"))]) }
        #expect(refused?.kind == .busy && refused?.message.contains("SQLite's error 5: database is locked") == true)
        #expect(try await storage.holds().map(\.id) == ["a"])
        try other.run("COMMIT")
        try await storage.apply([.save(.example("b"))])
        #expect(try await storage.holds().count == 2)
    }

    @Test("a full disk is named, and what was written before stays") func full() async throws {
        let folder = ScratchFolder()
        let storage = try SQLiteStorage(directory: folder.path, pageLimit: 40)
        var refused: StorageError?
        for number in 0..<10_000 where refused == nil {
            do throws(StorageError) {
                try await storage.saveDrill(
                    StoredDrill(id: "\(number)", started: number, report: String(repeating: "x", count: 4096)))
            } catch {
                refused = error
            }
        }
        #expect(refused?.kind == .full)
        #expect(refused?.message.contains("SQLite's error 13: database or disk is full") == true)
        #expect(try await storage.drill("0") != nil)
    }

    @Test("a file that isn't a database is said to be damaged, in SQLite's own words") func damaged() throws {
        let folder = ScratchFolder()
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        try Data(repeating: 0x78, count: 8192).write(to: URL(fileURLWithPath: folder.path + "/holdfast.sqlite"))
        let refused = #expect(throws: StorageError.self) { try SQLiteStorage(directory: folder.path) }
        #expect(refused?.kind == .damaged)
        #expect(refused?.message.contains("SQLite's error 26: file is not a database") == true)
        #expect(refused?.message.contains("put a backup in its place") == true)
    }

    @Test func aReaderReadsBesideIt() async throws {
        let folder = ScratchFolder()
        let storage = try SQLiteStorage(directory: folder.path)
        let statement = StoredCustody(epoch: 5, statement: [7])
        #expect(try await storage.raiseCustodyEpoch(model: "m", role: "primary", to: statement, time: 2))
        let reader = try SQLiteReader(directory: folder.path)
        #expect(try reader.custodyEpoch(model: "m", role: "primary") == statement)
        #expect(try reader.custodyEpoch(model: "n", role: "primary") == nil)
    }
}
