import Dispatch
import Files
import Glibc
package import Logging
package import Storage
import Synchronization
import Veto
package import VetoSpool

/// The writers of the veto's record: into the spool, into the storage and, where
/// one is kept, into the ledger. What can't be written stays in memory, and is
/// tried again.
package final class VetoKeeping: Sendable {
    private struct State {
        /// Entries that the ledger has not made durable yet.
        var underWay = 0
        var count = 0
        var position = 0
    }

    private let storage: any VetoMemory
    private let spool: SpoolWriter
    private let ledger: (any VetoLedger)?
    private let stored: DurableWriter<String, StoredVetoEntry>
    private let spooled: DurableWriter<String, SpoolFile>
    private let state = Mutex(State())
    private let logger: Logger

    package init(_ storage: any VetoMemory, spool: SpoolWriter, ledger: (any VetoLedger)?, logger: Logger) {
        self.storage = storage
        self.spool = spool
        self.ledger = ledger
        self.logger = logger
        stored = DurableWriter("suspensions, in the storage,", logger: logger) { writes throws(StorageError) in
            try await storage.addVetoEntries(writes.map(\.1))
        }
        spooled = DurableWriter("suspensions, in the spool,", logger: logger) { writes throws(StorageError) in
            try await Self.onThread { () throws(StorageError) in
                for (_, file) in writes { try Self.restore(file, spool, logger) }
            }
        }
    }

    /// Writes until the task is cancelled, and then what is still owed.
    package func run() async {
        async let first: Void = stored.run()
        async let second: Void = spooled.run()
        _ = await (first, second)
    }

    /// Writes that are not on disk yet.
    package var owed: Int { stored.owed + spooled.owed }

    // MARK: Keeping

    /// Takes new entries, for every source. Never blocks.
    package func keep(_ records: [VetoRecord]) {
        guard !records.isEmpty else { return }
        let entries = records.map { (digest: $0.digest, record: $0) }
        keepInStorage(entries)
        keepInSpool(entries)
        keepInLedger(entries)
    }

    /// Takes entries for the storage.
    func keepInStorage(_ entries: [(digest: String, record: VetoRecord)]) {
        guard !entries.isEmpty else { return }
        note(entries.map(\.record))
        stored.owe(
            entries.map { digest, record in
                (digest, StoredVetoEntry(position: record.position, digest: digest, body: record.bytes))
            }, isUrgent: true)
    }

    /// Takes entries for the spool.
    func keepInSpool(_ entries: [(digest: String, record: VetoRecord)]) {
        keepInSpool(
            entries.map { SpoolFile(kind: .log, number: 0, digest: $0.digest, bytes: $0.record.bytes) })
    }

    /// Takes files that the spool has lost.
    func keepInSpool(_ files: [SpoolFile]) {
        guard !files.isEmpty else { return }
        spooled.owe(files.map { (Self.name($0), $0) }, isUrgent: true)
    }

    /// Takes entries for the ledger.
    func keepInLedger(_ entries: [(digest: String, record: VetoRecord)]) {
        guard let ledger else { return }
        for (_, record) in entries {
            state.withLock { $0.underWay += 1 }
            ledger.addVetoRecord(position: record.position, record.bytes) { [weak self] in
                self?.state.withLock { $0.underWay -= 1 }
            }
        }
    }

    /// Notes entries that the storage has, or is owed.
    func note(_ records: [VetoRecord]) {
        state.withLock { state in
            state.count += records.count
            state.position = max(state.position, records.map(\.position).max() ?? 0)
        }
    }

    // MARK: A spool that has lost files

    /// Gives the spool back what it lacks of the record and of the files behind
    /// it, out of the storage.
    ///
    /// - Parameters:
    ///   - isOwn: returns true for an entry that counts.
    ///   - waiting: files that are in no record yet.
    ///   - least: a number after those of all suspensions.
    /// - Returns: the number of files; nil where the storage can't be read, or
    ///   has not all of the record yet.
    func mendSpool(
        isOwn: (VetoRecord) -> Bool, waiting: [SpoolFile], least: Int
    ) async -> Int? {
        guard stored.owed == 0 else { return nil }
        let spool = spool
        do throws(StorageError) {
            let records = try await storage.vetoEntries().compactMap { VetoRecord($0.body) }.filter(isOwn)
            let there = try await Self.onThread { () throws(StorageError) in
                var mark = SpoolMark()
                return Set(SpoolReader(spool.folder).news(since: &mark).files.map(Self.name))
            }
            let entries = records.map { SpoolFile(kind: .log, number: 0, digest: $0.digest, bytes: $0.bytes) }
            let lost = (entries + records.compactMap { VetoDesk.file(of: $0) } + waiting)
                .filter { !there.contains(Self.name($0)) }
            keepInSpool(lost)
            try await Self.onThread { () throws(StorageError) in
                do throws(SpoolFault) {
                    try spool.restoreCounter(least: least)
                } catch {
                    throw StorageError(.notWritable, "\(error)")
                }
            }
            return lost.count
        } catch {
            logger.warning(
                "the spool has lost files, and can't be mended yet", metadata: ["problem": "\(error.message)"])
            return nil
        }
    }

    private static func name(_ file: SpoolFile) -> String { "\(file.kind.rawValue) \(file.number) \(file.digest)" }

    // MARK: The ledger's mark

    /// Remembers how far the ledger has to be read no more, where all sources
    /// have everything.
    package func saveMark() async {
        guard let ledger else { return }
        // Before the look at what is owed: what the ledger has published by
        // now has been owed to the storage before.
        let size = ledger.publishedSize
        let known = state.withLock { $0.underWay == 0 ? $0 : nil }
        guard let known, stored.owed == 0 else { return }
        let mark = StoredVetoMark(size: size, count: known.count, position: known.position)
        do throws(StorageError) {
            try await storage.saveVetoMark(ledger.origin, mark)
        } catch {
            logger.warning(
                "how far the ledger was read can't be remembered; the next start reads more of it",
                metadata: ["problem": "\(error.message)"])
        }
    }

    // MARK: Files

    /// Takes numbers for suspensions of standards out of the spool's counter.
    /// - Returns: nil where the spool can't be written.
    package func takeNumber(least: Int) async -> Int? {
        let spool = spool
        do throws(StorageError) {
            return try await Self.onThread { () throws(StorageError) in
                do throws(SpoolFault) {
                    return try spool.takeNumbers(1, least: least)
                } catch {
                    throw StorageError(.notWritable, "\(error)")
                }
            }
        } catch {
            logger.error(
                "the spool's counter can't be written; the suspension has a number that the next order may get, too",
                metadata: ["problem": "\(error.message)"])
            return nil
        }
    }

    private static func restore(_ file: SpoolFile, _ spool: SpoolWriter, _ logger: Logger) throws(StorageError) {
        do throws(SpoolFault) {
            try spool.restore(file)
        } catch {
            switch error {
            // Another file has its name: what it says is in the log, too.
            case .taken, .tooLong, .badCount, .noNumbersLeft, .badKey:
                logger.warning("a file can't be put back into the spool", metadata: ["problem": "\(error)"])
            case .file(let fault):
                throw StorageError(fault.code == ENOSPC || fault.code == EDQUOT ? .full : .notWritable, "\(fault)")
            }
        }
    }

    /// Does work that waits for a disk, on a thread that may.
    static func onThread<Value: Sendable>(
        _ work: @escaping @Sendable () throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        let result: Result<Value, StorageError> = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                do throws(StorageError) {
                    continuation.resume(returning: .success(try work()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }
}
