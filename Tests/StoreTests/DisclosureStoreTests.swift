import Store
import Testing

/// What hosted models have told is not forgotten.
@Suite struct DisclosureStoreTests {
    @Test func whatWasLearntIsReplacedAndForgottenAtZero() throws {
        let folder = ScratchFolder()
        do {
            let store = try Store(directory: folder.path)
            try store.save([
                StoredLearnt(subject: "key:a", weights: "w", count: 5),
                StoredLearnt(subject: "key:a", weights: "v", count: 6),
                StoredLearnt(subject: "tenant:", weights: "w", count: 7),
            ])
            try store.save([
                StoredLearnt(subject: "key:a", weights: "w", count: 9),
                StoredLearnt(subject: "tenant:", weights: "w", count: 0),
                StoredLearnt(subject: "key:never-there", weights: "w", count: 0),
            ])
        }
        let learnt = try Store(directory: folder.path).learnt()
        #expect(
            Set(learnt) == [
                StoredLearnt(subject: "key:a", weights: "w", count: 9),
                StoredLearnt(subject: "key:a", weights: "v", count: 6),
            ])
    }

    @Test func aDaysBytesAreReplacedByTheNext() throws {
        let folder = ScratchFolder()
        do {
            let store = try Store(directory: folder.path)
            try store.save([
                StoredEgress(weights: "w", day: 1, bytes: 100), StoredEgress(weights: "v", day: 1, bytes: 3),
            ])
            try store.save([StoredEgress(weights: "w", day: 2, bytes: 5)])
        }
        let egress = try Store(directory: folder.path).egress()
        #expect(
            Set(egress) == [StoredEgress(weights: "w", day: 2, bytes: 5), StoredEgress(weights: "v", day: 1, bytes: 3)])
    }

    @Test func aSecretIsMadeOnce() throws {
        let folder = ScratchFolder()
        do {
            let store = try Store(directory: folder.path)
            #expect(try store.secret(named: "seeds", orKeep: [1, 2, 3]) == [1, 2, 3])
            #expect(try store.secret(named: "seeds", orKeep: [4]) == [1, 2, 3])
        }
        let store = try Store(directory: folder.path)
        #expect(try store.secret(named: "seeds", orKeep: [5]) == [1, 2, 3])
        #expect(try store.secret(named: "other", orKeep: [6]) == [6])
    }
}
