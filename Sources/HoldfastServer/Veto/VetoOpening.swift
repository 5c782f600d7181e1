import Ledger
package import Logging
package import Storage
package import Veto
package import VetoSpool

/// The sources of the veto's record, to be opened.
package struct VetoOpening: Sendable {
    package var policy: VetoPolicy
    package var spool: SpoolFolder
    package var storage: any VetoMemory
    /// Nil where no ledger is kept.
    package var ledger: (any VetoLedger)?
    package var identity: VetoIdentity
    package var clock: VetoClock
    package var logger: Logger

    package init(
        policy: VetoPolicy, spool: SpoolFolder, storage: any VetoMemory, ledger: (any VetoLedger)?,
        identity: VetoIdentity = VetoIdentity(), clock: VetoClock = .system, logger: Logger
    ) {
        self.policy = policy
        self.spool = spool
        self.storage = storage
        self.ledger = ledger
        self.identity = identity
        self.clock = clock
        self.logger = logger
    }

    /// Reads all sources, brings the state back that they have together, and
    /// gives each what it lacks.
    ///
    /// A spool or a ledger that can't be read is told of; the others count.
    /// - Throws: ``StartupError`` where the storage can't be read.
    package func open(_ events: ServerEvents) async throws(StartupError) -> VetoService {
        let reader = SpoolReader(spool)
        var mark = SpoolMark()
        let (files, spoolProblems) = reader.news(since: &mark)
        var union = VetoUnion()
        for file in files where file.kind == .log { union.add(file.bytes, named: file.digest, from: .spool) }
        try await readStorage(&union)
        let ledgerProblem = try await readLedger(&union)
        let now = clock.now
        var desk: VetoDesk
        do throws(VetoRefusal) {
            desk = try VetoDesk(policy: policy, start: now, boot: clock.boot, identity: identity)
        } catch {
            throw StartupError(.unavailable, "veto: \(error)")
        }
        let replay = desk.replay(union.all)
        union.drop { !desk.isOwn($0) }
        let keeping = VetoKeeping(storage, spool: SpoolWriter(spool), ledger: ledger, logger: logger)
        reassert(union, files, keeping)
        keeping.keep(replay.adopted)
        var step = VetoStep()
        // The ledger lacks these, and so it was never told of them either.
        if ledger != nil {
            for (digest, _) in union.missing(in: .ledger) { step.occurrences += replay.events[digest] ?? [] }
        }
        step += desk.take(files, at: now)
        step.problems += union.problems + replay.problems + spoolProblems.map(\.description)
        if let ledgerProblem { step.problems.append(ledgerProblem) }
        let service = VetoService(
            VetoService.State(desk: desk, mark: mark, index: desk.machine.index, problems: step.problems),
            reader: reader, keeping: keeping, clock: clock, events: events, logger: logger)
        service.begin(step)
        return service
    }

    private func readStorage(_ union: inout VetoUnion) async throws(StartupError) {
        do throws(StorageError) {
            for entry in try await storage.vetoEntries() {
                union.add(entry.body, named: entry.digest, from: .storage)
            }
        } catch {
            throw StartupError(.unavailable, error.message)
        }
    }

    /// - Returns: a problem with the ledger.
    private func readLedger(_ union: inout VetoUnion) async throws(StartupError) -> String? {
        guard let ledger else { return nil }
        let mark: StoredVetoMark?
        let reading: VetoRecordReading
        do {
            mark = try await believed(storage.vetoMark(ledger.origin), union, ledger)
            let start = mark?.size ?? 0
            reading = try await VetoKeeping.onThread { () throws(StorageError) in
                do throws(LedgerProblem) {
                    return try ledger.readVetoRecord(from: start)
                } catch {
                    throw StorageError(.unusable, "\(error)")
                }
            }
        } catch {
            return "the ledger can't be read for suspensions; those that only it knows of are not in force: "
                + "\(error.message)"
        }
        for body in reading.bodies { union.add(body, from: .ledger) }
        if let mark { union.ledgerHas(upTo: mark.position) }
        guard reading.unreadable > 0 else { return nil }
        return "\(reading.unreadable) entries of the veto's record in the ledger can't be opened with the secret "
            + "beside its key"
    }

    /// Returns a mark if the storage is at least what it was then, and the
    /// ledger, too.
    private func believed(
        _ mark: StoredVetoMark?, _ union: VetoUnion, _ ledger: any VetoLedger
    ) -> StoredVetoMark? {
        guard let mark, union.count(in: .storage) >= mark.count, ledger.publishedSize >= mark.size else { return nil }
        return mark
    }

    /// Gives each source what it lacks.
    private func reassert(_ union: VetoUnion, _ files: [SpoolFile], _ keeping: VetoKeeping) {
        let missing = union.missing(in: .storage)
        let lacking = Set(missing.map(\.digest))
        keeping.note(union.all.filter { !lacking.contains($0.digest) })
        keeping.keepInStorage(missing)
        keeping.keepInSpool(union.missing(in: .spool))
        keeping.keepInLedger(union.missing(in: .ledger))
        let known = Set(files.map(\.digest))
        keeping.keepInSpool(union.all.compactMap { VetoDesk.file(of: $0) }.filter { !known.contains($0.digest) })
        let counts = VetoUnion.Source.allCases.filter { !union.missing(in: $0).isEmpty }
        guard !union.all.isEmpty, !counts.isEmpty else { return }
        logger.notice(
            "the veto's record was not whole everywhere, and is written again",
            metadata: [
                "spool": "\(union.missing(in: .spool).count)", "storage": "\(missing.count)",
                "ledger": "\(ledger == nil ? 0 : union.missing(in: .ledger).count)", "of": "\(union.all.count)",
            ])
    }
}
