import HoldfastServer
import Logging
import Seeded
import Storage
import Synchronization
import Testing

/// Writes that are owed to the disk.
@Suite struct DurableWriterTests {
    @Suite struct Owed {
        @Test func theNewestOfEachKeyIsTakenInOrder() {
            var owed = OwedWrites<String, Int>()
            _ = owed.owe([("a", 1), ("b", 2)])
            let last = owed.owe([("a", 3)])
            let batch = owed.take()
            #expect(batch?.writes.map(\.0) == ["b", "a"] && batch?.writes.map(\.1) == [2, 3])
            #expect(batch?.ticket == last)
            #expect(owed.take() == nil, "one batch at a time")
            owed.succeeded(last)
            #expect(owed.isEmpty && owed.written == last.number)
            #expect(owed.take() == nil)
        }

        @Test func aBatchThatFailsIsOwedAgainBeneathTheNewer() {
            var owed = OwedWrites<String, Int>()
            _ = owed.owe([("a", 1), ("b", 2)])
            _ = owed.take()
            let last = owed.owe([("a", 3)])
            owed.failed()
            #expect(owed.written == 0 && owed.count == 2)
            let batch = owed.take()
            #expect(batch?.writes.map(\.0) == ["b", "a"] && batch?.writes.map(\.1) == [2, 3])
            owed.succeeded(last)
            #expect(owed.isEmpty)
        }

        @Test("in any order of events, what is written last of a key is what was owed last")
        func property() {
            let seed = UInt64.random(in: 0 ... .max)
            var random = SplitMix(seed: seed)
            for _ in 0..<300 {
                var owed = OwedWrites<Int, Int>()
                var disk: [Int: Int] = [:]
                var wanted: [Int: Int] = [:]
                var underWay: (writes: [(Int, Int)], ticket: WriteTicket)?
                for step in 0..<60 {
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0, 1:
                        let key = Int.random(in: 0..<5, using: &random)
                        wanted[key] = step
                        _ = owed.owe([(key, step)])
                    case 2: underWay = underWay ?? owed.take()
                    default:
                        guard let batch = underWay else { continue }
                        underWay = nil
                        guard Bool.random(using: &random) else {
                            owed.failed()
                            continue
                        }
                        for (key, value) in batch.writes { disk[key] = value }
                        owed.succeeded(batch.ticket)
                    }
                }
                if let batch = underWay {
                    for (key, value) in batch.writes { disk[key] = value }
                    owed.succeeded(batch.ticket)
                }
                while let batch = owed.take() {
                    for (key, value) in batch.writes { disk[key] = value }
                    owed.succeeded(batch.ticket)
                }
                #expect(disk == wanted, "seed \(seed)")
                #expect(owed.isEmpty, "seed \(seed)")
            }
        }
    }

    /// A disk that a test opens and shuts.
    final class Disk: Sendable {
        private struct State {
            var isFree: Bool
            var written: [[String]] = []
        }

        private let state: Mutex<State>

        init(isFree: Bool) { state = Mutex(State(isFree: isFree)) }

        var batches: [[String]] { state.withLock { $0.written } }

        func write(_ writes: [(String, Int)]) throws(StorageError) {
            let isFree = state.withLock { state in
                if state.isFree { state.written.append(writes.map { "\($0)=\($1)" }) }
                return state.isFree
            }
            if !isFree { throw StorageError(.full, "the disk is full") }
        }

        func free() { state.withLock { $0.isFree = true } }
    }

    static func writer(
        _ disk: Disk, _ change: (inout DurableWriter<String, Int>.Options) -> Void = { _ in }
    ) -> DurableWriter<String, Int> {
        var options = DurableWriter<String, Int>.Options()
        options.patience = .seconds(3600)
        options.gathering = .milliseconds(1)
        options.retry = .milliseconds(1)
        change(&options)
        return DurableWriter("writes", logger: Logger(label: "test"), options: options) { writes throws(StorageError) in
            try disk.write(writes)
        }
    }

    @Test func anUrgentWriteIsWaitedFor() async {
        let disk = Disk(isFree: true)
        let writer = Self.writer(disk)
        let running = Task { await writer.run() }
        let ticket = writer.owe([("a", 1)], isUrgent: true)
        #expect(await writer.untilWritten(ticket))
        #expect(disk.batches == [["a=1"]])
        #expect(writer.owed == 0 && writer.late == 0)
        running.cancel()
        await running.value
    }

    @Test("a wait ends though the disk is full, and all is written when it is free") func fullDisk() async {
        let disk = Disk(isFree: false)
        let writer = Self.writer(disk) { $0.patience = .milliseconds(1) }
        let running = Task { await writer.run() }
        let first = writer.owe([("a", 1)], isUrgent: true)
        #expect(await !writer.untilWritten(first))
        let second = writer.owe([("a", 2), ("b", 3)], isUrgent: true)
        #expect(await !writer.untilWritten(second))
        #expect(writer.late == 2 && writer.owed == 2)
        disk.free()
        while await !writer.untilWritten(second) {}
        #expect(disk.batches.flatMap(\.self).suffix(2) == ["a=2", "b=3"])
        running.cancel()
        await running.value
    }

    @Test func writesThatWaitGoInOneBatch() async {
        let disk = Disk(isFree: true)
        let writer = Self.writer(disk) { $0.gathering = .seconds(3600) }
        let running = Task { await writer.run() }
        for number in 0..<10 { writer.owe([("\(number)", number)], isUrgent: false) }
        // Something urgent takes all of them along.
        #expect(await writer.untilWritten(writer.owe([("x", 0)], isUrgent: true)))
        #expect(disk.batches.count == 1 && disk.batches.first?.count == 11)
        running.cancel()
        await running.value
    }

    @Test("what is owed when the process ends is written") func farewell() async {
        let disk = Disk(isFree: true)
        let writer = Self.writer(disk) { $0.gathering = .seconds(3600) }
        writer.owe([("a", 1)], isUrgent: false)
        let running = Task { await writer.run() }
        running.cancel()
        await running.value
        #expect(disk.batches == [["a=1"]])
    }

    @Test("a disk that stays full doesn't keep the process from ending") func farewellOfAFullDisk() async {
        let disk = Disk(isFree: false)
        let writer = Self.writer(disk) { $0.farewell = .milliseconds(1) }
        writer.owe([("a", 1)], isUrgent: true)
        let running = Task { await writer.run() }
        running.cancel()
        await running.value
        #expect(writer.owed == 1 && disk.batches.isEmpty)
    }
}
