import Conversation
import Gateway
import Testing

@Suite struct ItemOriginsTests {
    private func item(_ mark: UInt64?) -> BoundItem { BoundItem(index: 0, mark: mark, isRecord: false) }

    private func isForeign(_ mark: UInt64?, to provider: String, isFirst: Bool, _ origins: ItemOrigins) -> Bool {
        !origins.foreign([item(mark)], to: provider, isFirst: isFirst).isEmpty
    }

    @Test func anItemIsItsMakersAlone() {
        let origins = ItemOrigins()
        origins.note([1, 2], of: "a")
        origins.note([3], of: "b")
        #expect(!isForeign(1, to: "a", isFirst: true, origins) && !isForeign(2, to: "a", isFirst: false, origins))
        #expect(isForeign(1, to: "b", isFirst: true, origins) && isForeign(3, to: "a", isFirst: true, origins))
        #expect(!isForeign(3, to: "b", isFirst: false, origins))
    }

    @Test(arguments: [UInt64(7), nil]) func anUnknownItemCountsAsTheFirstCandidates(_ mark: UInt64?) {
        let origins = ItemOrigins()
        #expect(!isForeign(mark, to: "a", isFirst: true, origins) && isForeign(mark, to: "b", isFirst: false, origins))
    }

    @Test func whatAProviderHasRefusedIsNotItsOwn() {
        let origins = ItemOrigins()
        origins.noteRefusal([7], by: "a")
        #expect(isForeign(7, to: "a", isFirst: true, origins) && isForeign(7, to: "a", isFirst: false, origins))
        // Of all others nothing is known.
        #expect(!isForeign(7, to: "b", isFirst: true, origins) && isForeign(7, to: "b", isFirst: false, origins))
        // A provider that has made it says so.
        origins.note([7], of: "b")
        #expect(!isForeign(7, to: "b", isFirst: false, origins))
    }

    @Test func theOldestAreForgottenFirst() {
        let origins = ItemOrigins(most: 3)
        for mark in 1...5 as ClosedRange<UInt64> { origins.note([mark], of: "a") }
        #expect((1...5).map { !isForeign($0, to: "a", isFirst: false, origins) } == [false, false, true, true, true])
        // What comes again is not remembered twice.
        origins.note([3, 4, 5], of: "b")
        #expect((3...5).allSatisfy { !isForeign($0, to: "b", isFirst: false, origins) })
        origins.note([6], of: "a")
        #expect(isForeign(3, to: "b", isFirst: false, origins) && !isForeign(6, to: "a", isFirst: false, origins))
    }
}
