import Store
import Testing

@Suite struct CustodyEpochTests {
    /// What was in force once is remembered by the next process, too.
    @Test func anOlderStatementIsRefusedAfterARestart() throws {
        let folder = ScratchFolder()
        let one = StoredCustody(epoch: 4, statement: [1, 2]), other = StoredCustody(epoch: 4, statement: [3])
        do {
            let store = try Store(directory: folder.path)
            #expect(try store.custodyEpoch(model: "m", role: "primary") == nil)
            #expect(try store.raiseCustodyEpoch(model: "m", role: "primary", to: one, time: 1))
        }
        do {
            let store = try Store(directory: folder.path)
            #expect(try store.custodyEpoch(model: "m", role: "primary") == one)
            #expect(try store.raiseCustodyEpoch(model: "m", role: "primary", to: one, time: 2))
            #expect(try !store.raiseCustodyEpoch(model: "m", role: "primary", to: other, time: 2))
            let older = StoredCustody(epoch: 3, statement: [1, 2])
            #expect(try !store.raiseCustodyEpoch(model: "m", role: "primary", to: older, time: 2))
            #expect(try store.custodyEpoch(model: "m", role: "primary") == one)
            // Another role's epochs are its own.
            #expect(try store.raiseCustodyEpoch(model: "m", role: "supervisor", to: older, time: 2))
            let newer = StoredCustody(epoch: 5, statement: [])
            #expect(try store.raiseCustodyEpoch(model: "m", role: "primary", to: newer, time: 2))
        }
        let reader = try StoreReader(directory: folder.path)
        #expect(try reader.custodyEpoch(model: "m", role: "primary")?.epoch == 5)
        #expect(try reader.custodyEpoch(model: "m", role: "supervisor")?.epoch == 3)
        #expect(try reader.custodyEpoch(model: "n", role: "primary") == nil)
    }
}
