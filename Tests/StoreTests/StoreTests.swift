import Foundation
import Store
import Testing

/// What is remembered, and that only its owner can read it.
@Suite struct StoreTests {
    @Test func aHoldSurvivesReopening() throws {
        let folder = ScratchFolder()
        do {
            let store = try Store(directory: folder.path)
            try store.save(.example("a"))
            try store.save(.example("b"))
            try store.save(.example("b", model: "other"))
            try store.removeHold("a")
            try store.removeHold("never-there")
        }
        #expect(try Store(directory: folder.path).holds() == [.example("b", model: "other")])
    }

    @Test func everyFieldOfAHoldIsKept() throws {
        let folder = ScratchFolder()
        var whole = StoredHold.example("ü/'\"; DROP TABLE hold; --")
        whole.words = "line\nend, \u{1F600}"
        whole.acknowledgedBy = "ops"
        whole.reason = ""
        var sparse = StoredHold.example("sparse")
        sparse.status = nil
        sparse.since -= 1
        let store = try Store(directory: folder.path)
        for hold in [whole, sparse] { try store.save(hold) }
        #expect(try store.holds() == [sparse, whole])
    }

    @Test func whatAnsweredKeepsItsFirstAndLastTime() throws {
        let folder = ScratchFolder()
        let store = try Store(directory: folder.path)
        for time in [20, 30, 10, 25] { try store.noteAnswered("h", "m", at: time) }
        try store.noteAnswered("h", "other", at: 5)
        try store.noteAnswered("g", "m", at: 6)
        let all = try store.answered()
        #expect(all.map(\.host) == ["g", "h", "h"] && all.map(\.model) == ["m", "m", "other"])
        #expect(all.map(\.first) == [6, 10, 5] && all.map(\.last) == [6, 30, 5])
    }

    @Test func drillsAreListedNewestFirst() throws {
        let folder = ScratchFolder()
        let store = try Store(directory: folder.path)
        for (id, started) in [("b", 20), ("a", 10), ("d", 30), ("c", 20)] {
            try store.saveDrill(id, started: started, report: "{\"id\":\"\(id)\"}")
        }
        try store.saveDrill("a", started: 10, report: "{}")
        #expect(try store.drills(limit: 3).map(\.id) == ["d", "c", "b"])
        #expect(try store.drills(limit: 10).map(\.report).last == "{}")
        #expect(try store.drills(limit: 0).isEmpty && store.drills(limit: -1).isEmpty)
        #expect(try store.drill("c")?.report == "{\"id\":\"c\"}")
        #expect(try store.drill("c")?.started == 20)
        #expect(try store.drill("e") == nil)
    }

    @Test func onlyTheOwnerCanReadIt() throws {
        let folder = ScratchFolder()
        let store = try Store(directory: folder.path + "/deep/data")
        try store.save(.example("a"))
        for part in ["/deep", "/deep/data"] { #expect(try folder.mode(part) == 0o700) }
        for part in ["", "-wal", "-shm"] { #expect(try folder.mode("/deep/data/holdfast.sqlite" + part) == 0o600) }
    }

    @Test func aFileThatOthersCouldReadIsClosedToThem() throws {
        let folder = ScratchFolder()
        do { try Store(directory: folder.path).save(.example("a")) }
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o666], ofItemAtPath: folder.path + "/holdfast.sqlite")
        let store = try Store(directory: folder.path)
        #expect(try folder.mode("/holdfast.sqlite") == 0o600)
        #expect(try store.holds().count == 1)
    }

    @Test func manyThreadsLoseNothing() async throws {
        let folder = ScratchFolder()
        let store = try Store(directory: folder.path)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for step in 0..<20 {
                        try store.save(.example("\(task)-\(step)"))
                        _ = try store.holds()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try store.holds().count == 160)
    }
}
