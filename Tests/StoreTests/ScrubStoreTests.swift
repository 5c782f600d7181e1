import Store
import Testing

@Suite struct ScrubStoreTests {
    @Test func whatWasFoundOutlivesARestartUntilItIsForgotten() throws {
        let folder = ScratchFolder()
        let first = StoredScrub(time: 5, verdict: "reload"), second = StoredScrub(time: 7, verdict: "quarantine")
        do {
            let store = try Store(directory: folder.path)
            #expect(try store.scrub(of: "local") == nil)
            try store.saveScrub(of: "local", first)
            try store.saveScrub(of: "other", first)
            try store.saveScrub(of: "local", second)
        }
        let store = try Store(directory: folder.path)
        #expect(try store.scrub(of: "local") == second)
        try store.forgetScrub(of: "local")
        #expect(try store.scrub(of: "local") == nil)
        #expect(try store.scrub(of: "other") == first)
    }
}
