import Gateway
import Glibc
import Logging
import Resilience
import Storage
import StorageSQLite

/// The memory of earlier processes, as it was when this one began.
struct RestoredState {
    let storage: SQLiteStorage
    let holds: [StoredHold]
    let answered: Set<ServedModel>
    let seeds: SeedBlinder
    let learnt: [StoredLearnt]
    let egress: [StoredEgress]
    let scrubs: [String: StoredScrub]

    /// - Throws: ``StartupError`` when the folder can't be used: a Holdfast
    ///   that forgets would call dead models again after every restart, and
    ///   disclose again what it has disclosed.
    init(_ directory: String) async throws(StartupError) {
        do throws(StorageError) {
            storage = try SQLiteStorage(directory: directory)
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
    func continuity(keeper: HoldKeeper, logger: Logger) -> Continuity {
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
        return Continuity(book: book, keeper: keeper, answered: answered) {
            Moment(tick: start.duration(to: .now), unix: time(nil))
        }
    }
}
