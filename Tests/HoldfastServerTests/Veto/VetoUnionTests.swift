import HoldfastServer
import Testing
import Veto
import VetoSpool

/// Restarts out of what some of the sources still have, after each durable
/// operation of a suspension's life.
@Suite struct VetoUnionTests {
    /// A write that was durable.
    enum Write {
        /// A file that a person's command has put into the spool.
        case file(SpoolFile)
        case entry(VetoRecord, VetoUnion.Source)
    }

    /// A suspension from the order to its end, with all writes in the order in
    /// which a server makes them.
    static func life(_ folk: inout VetoFolk) throws -> (writes: [Write], desk: VetoDesk) {
        var desk = try folk.desk()
        var writes: [Write] = []
        func keep(_ step: VetoStep) {
            for record in step.records {
                // As the disks are fast: every source at its own time.
                for source in [VetoUnion.Source.storage, .ledger, .spool] { writes.append(.entry(record, source)) }
            }
        }
        func take(_ file: SpoolFile) {
            writes.append(.file(file))
            keep(desk.take([file], at: folk.now))
        }
        take(try VetoFolk.founding())
        take(try folk.order(1))
        folk.pass(5)
        take(try folk.approval(of: 1, in: desk.machine, by: "alice"))
        take(try folk.approval(of: 1, in: desk.machine, by: "bob"))
        folk.pass(5)
        keep(desk.gate(1, .failed(reason: "no answer"), at: folk.now))
        take(try folk.approval(of: 1, in: desk.machine, by: "carol"))
        take(try folk.approval(of: 1, in: desk.machine, by: "bob"))
        keep(desk.gate(1, .share(percent: 10), at: folk.now))
        folk.pass(60)
        keep(desk.gate(1, .whole, at: folk.now))
        take(try folk.order(2, ["lab:acme"], by: "bob"))
        return (writes, desk)
    }

    /// The state after a crash, out of the sources that are left.
    static func restart(
        _ writes: some Sequence<Write>, _ sources: Set<VetoUnion.Source>, _ folk: VetoFolk
    ) throws -> (desk: VetoDesk, union: VetoUnion) {
        var union = VetoUnion()
        var files: [SpoolFile] = []
        for write in writes {
            switch write {
            case .file(let file): if sources.contains(.spool) { files.append(file) }
            case .entry(let record, let source):
                if sources.contains(source) { union.add(record.bytes, named: record.digest, from: source) }
            }
        }
        var desk = try folk.desk()
        let replayed = desk.replay(union.all)
        #expect(replayed.problems.isEmpty && union.problems.isEmpty)
        _ = desk.take(files, at: folk.now)
        return (desk, union)
    }

    private static let subsets: [Set<VetoUnion.Source>] = [
        [.spool], [.storage], [.ledger], [.spool, .storage], [.spool, .ledger], [.storage, .ledger],
        [.spool, .storage, .ledger],
    ]

    @Test func afterACrashAtAnyWriteAndTheLossOfAnyTwoSourcesNothingIsRestoredThatWasNot() throws {
        var folk = VetoFolk()
        let (writes, _) = try Self.life(&folk)
        for count in 0...writes.count {
            let prefix = writes.prefix(count)
            for sources in Self.subsets {
                let (desk, union) = try Self.restart(prefix, sources, folk)
                let isOrdered = prefix.contains { write in
                    switch write {
                    case .file(let file): file.kind == .orders && file.number == 1 && sources.contains(.spool)
                    case .entry(let record, let source):
                        Self.isOrder(record, 1) && sources.contains(source)
                    }
                }
                let isRestored = union.all.contains { $0.content == .gate(number: 1, .whole) }
                let hasRoster = desk.machine.chain != nil
                guard isOrdered, hasRoster else {
                    #expect(desk.machine.index.entries.allSatisfy { $0.suspension.number != 1 })
                    continue
                }
                let phase = desk.phase(1)
                if isRestored {
                    #expect(phase == .restored, "after \(count) writes, out of \(sources)")
                } else {
                    #expect(phase.map { !$0.isOver } == true, "after \(count) writes, out of \(sources)")
                }
            }
        }
    }

    @Test func anySourceAloneBringsBackTheWholeState() throws {
        var folk = VetoFolk()
        let (writes, desk) = try Self.life(&folk)
        for source in VetoUnion.Source.allCases {
            let (again, union) = try Self.restart(writes, [source], folk)
            #expect(again.machine.state == desk.machine.state, "out of the \(source)")
            for other in VetoUnion.Source.allCases where other != source {
                #expect(union.missing(in: other).count == union.all.count)
            }
            #expect(union.missing(in: source).isEmpty)
        }
    }

    @Test func aStorageOfYesterdayEndsNoSuspensionOfToday() throws {
        var folk = VetoFolk()
        let (writes, desk) = try Self.life(&folk)
        // The storage is of the time when S1 was restored the first time, and
        // the others have all.
        let old = writes.enumerated().compactMap { index, write -> Write? in
            if case .entry(_, .storage) = write, index > 6 { return nil }
            return write
        }
        let (again, union) = try Self.restart(old, Set(VetoUnion.Source.allCases), folk)
        #expect(again.machine.state == desk.machine.state)
        #expect(!union.missing(in: .storage).isEmpty && union.missing(in: .ledger).isEmpty)
    }

    @Test func aNewRecordGoesOnBehindTheOldOne() throws {
        var folk = VetoFolk()
        let (writes, _) = try Self.life(&folk)
        var (desk, union) = try Self.restart(writes, [.ledger], folk)
        let step = desk.take([try folk.order(9, ["region:us"], by: "carol")], at: folk.now)
        #expect(step.records.map(\.position) == [(union.all.map(\.position).max() ?? 0) + 1])
    }

    @Test func aDamagedEntryIsToldAndHidesNoOther() throws {
        var folk = VetoFolk()
        let (writes, desk) = try Self.life(&folk)
        var union = VetoUnion()
        union.add(Array("{}".utf8), from: .spool)
        for case .entry(let record, .storage) in writes {
            union.add(record.bytes, named: record.digest, from: .storage)
        }
        union.add(Array("{\"v\":2}".utf8), named: "00", from: .storage)
        #expect(union.problems.count == 2)
        var again = try folk.desk()
        _ = again.replay(union.all)
        #expect(again.machine.state == desk.machine.state)
    }

    @Test func theLedgersMarkStandsForTheEntriesBeforeIt() throws {
        var folk = VetoFolk()
        let (writes, _) = try Self.life(&folk)
        var union = VetoUnion()
        for case .entry(let record, .storage) in writes {
            union.add(record.bytes, named: record.digest, from: .storage)
        }
        union.ledgerHas(upTo: 3)
        #expect(union.missing(in: .ledger).map(\.record.position).min() == 4)
    }

    private static func isOrder(_ record: VetoRecord, _ number: Int) -> Bool {
        if case .statement(_, number) = record.content { true } else { false }
    }
}
