package import Gateway
package import Logging
package import Resilience
package import Storage
import StorageSQLite

/// The memory of earlier processes, as it was when this one began.
package struct RestoredState: Sendable {
    package let storage: any ServerStorage
    package let holds: [StoredHold]
    package let answered: Set<ServedModel>
    package let seeds: SeedBlinder
    package let learnt: [StoredLearnt]
    package let egress: [StoredEgress]
    package let scrubs: [String: StoredScrub]

    /// - Throws: ``StartupError`` when the folder can't be used.
    package init(directory: String) async throws(StartupError) {
        let storage: SQLiteStorage
        do throws(StorageError) {
            storage = try SQLiteStorage(directory: directory)
        } catch {
            throw StartupError(.unavailable, error.message)
        }
        try await self.init(storage)
    }

    /// - Throws: ``StartupError`` when anything can't be read: a Holdfast that
    ///   forgets would call dead models again after every restart, and disclose
    ///   again what it has disclosed.
    package init(_ storage: any ServerStorage) async throws(StartupError) {
        self.storage = storage
        do throws(StorageError) {
            holds = try await storage.holds()
            answered = Set(try await storage.answered().map { ServedModel(host: $0.host, model: $0.model) })
            seeds = SeedBlinder(secret: try await storage.secret(named: "seeds", orKeep: SeedBlinder.makeSecret()))
            learnt = try await storage.learnt()
            egress = try await storage.egress()
            scrubs = try await storage.scrubs()
        } catch {
            throw StartupError(.unavailable, error.message)
        }
    }

    /// The continuity that begins with what is remembered.
    ///
    /// - Parameter clock: a monotonic tick, and the wall's time; nil is the
    ///   machine's.
    package func continuity(
        keeper: any ContinuityKeeper, logger: Logger, clock: (@Sendable () -> Moment)? = nil
    ) -> Continuity {
        let book = HealthBook()
        book.remembered(holds.filter { $0.returned == nil }.compactMap(\.hold))
        book.remembered(holds.compactMap(\.returnedHold))
        for hold in book.holds {
            logger.warning(
                "still held since before the start",
                metadata: [
                    "hold": "\(hold.id)", "cause": "\(hold.name)", "provider": "\(hold.provider)",
                    "model": "\(hold.model)",
                ])
        }
        let start = ContinuousClock.now
        return Continuity(
            book: book, keeper: keeper, answered: answered,
            clock: clock ?? { Moment(tick: start.duration(to: .now), unix: SystemClock.seconds()) })
    }
}
