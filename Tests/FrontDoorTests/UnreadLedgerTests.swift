import FrontDoor
import NIOCore
import Testing

@Suite struct UnreadLedgerTests {
    private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    private func at(_ seconds: Int64) -> NIODeadline { Self.start + .seconds(seconds) }

    @Test func thereIsRoomUpToTheLimit() {
        var ledger = UnreadLedger<Int>(limit: 100, minimumRate: 10)
        #expect(ledger.take(60, for: 1, taken: 0, now: at(0)) == (.given, []))
        #expect(ledger.take(50, for: 2, taken: 0, now: at(0)) == (.none, []))
        #expect(ledger.take(40, for: 2, taken: 0, now: at(0)) == (.given, []))
        #expect(ledger.total == 100)
        ledger.forget(1)
        #expect(ledger.total == 40 && ledger.connections == 1)
        ledger.forget(1)
        #expect(ledger.total == 40)
    }

    @Test func whoTakesLessThanTheMinimumGoesFirstAndTheSlowestBeforeAll() {
        var ledger = UnreadLedger<String>(limit: 300, minimumRate: 10)
        for name in ["nothing", "slow", "steady"] {
            #expect(ledger.take(100, for: name, taken: 0, now: at(0)) == (.given, []))
        }
        for second in stride(from: Int64(5), through: 30, by: 5) {
            #expect(ledger.note(100, for: "nothing", taken: 0, now: at(second)) == [])
            #expect(ledger.note(100, for: "slow", taken: Int(second) * 5, now: at(second)) == [])
            #expect(ledger.note(100, for: "steady", taken: Int(second) * 12, now: at(second)) == [])
        }
        #expect(ledger.take(50, for: "new", taken: 0, now: at(31)) == (.given, ["nothing"]))
        #expect(ledger.take(120, for: "another", taken: 0, now: at(31)) == (.given, ["slow"]))
        // Everybody who is left takes enough, or isn't measured yet.
        #expect(ledger.take(100, for: "third", taken: 0, now: at(31)) == (.none, []))
        #expect(ledger.total == 270)
    }

    @Test func nobodyIsJudgedBeforeTheWholeTime() {
        var ledger = UnreadLedger<Int>(limit: 100, minimumRate: 10)
        #expect(ledger.take(100, for: 1, taken: 0, now: at(0)) == (.given, []))
        for second in 1...29 as ClosedRange<Int64> {
            #expect(ledger.note(100, for: 1, taken: 0, now: at(second)) == [])
            #expect(ledger.take(10, for: 2, taken: 0, now: at(second)) == (.none, []))
        }
        #expect(ledger.note(100, for: 1, taken: 0, now: at(30)) == [])
        #expect(ledger.take(10, for: 2, taken: 0, now: at(30)) == (.given, [1]))
    }

    @Test func aReaderThatWasSlowBeforeIsJudgedByTheLastThirtySeconds() {
        var ledger = UnreadLedger<Int>(limit: 100, minimumRate: 10)
        #expect(ledger.take(100, for: 1, taken: 0, now: at(0)) == (.given, []))
        for second in 1...60 as ClosedRange<Int64> {
            #expect(ledger.note(100, for: 1, taken: max(0, Int(second) - 30) * 20, now: at(second)) == [])
        }
        #expect(ledger.take(10, for: 2, taken: 0, now: at(60)) == (.none, []))
    }

    @Test func streamsThatAreUnderWayStayWithinAnEighthMore() {
        var ledger = UnreadLedger<Int>(limit: 800, minimumRate: 10)
        var open = Set(0..<20)
        for connection in 0..<20 {
            for gone in ledger.note(100, for: connection, taken: 0, now: at(1)) { open.remove(gone) }
            #expect(ledger.total <= 900)
        }
        #expect(open.count == ledger.connections)
        #expect(open.count >= 8)
    }

    @Test func theOneThatGrowsGoesWhereAllOthersTakeEnough() {
        var ledger = UnreadLedger<Int>(limit: 100, minimumRate: 10)
        _ = ledger.note(50, for: 1, taken: 0, now: at(0))
        _ = ledger.note(50, for: 1, taken: 1000, now: at(10))
        _ = ledger.note(40, for: 2, taken: 0, now: at(0))
        #expect(ledger.note(200, for: 2, taken: 1000, now: at(10)) == [2])
        #expect(ledger.total == 50)
    }
}
