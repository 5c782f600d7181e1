import Gateway
import Glibc
import Logging
import Resilience
import Store

/// What was remembered when the process began, and who keeps it from then on.
struct Memory {
    let continuity: Continuity
    let keeper: HoldKeeper
    let store: Store
    let seeds: SeedBlinder

    /// - Throws: ``HouseError`` when the folder can't be used: a Holdfast that
    ///   forgets would call dead models again after every restart.
    init(_ directory: String, logger: Logger) throws(HouseError) {
        let holds: [StoredHold]
        let answered: [ServedModel]
        do throws(StoreError) {
            store = try Store(directory: directory)
            holds = try store.holds()
            answered = try store.answered().map { ServedModel(host: $0.host, model: $0.model) }
            seeds = SeedBlinder(secret: try store.secret(named: "seeds", orKeep: SeedBlinder.makeSecret()))
            keeper = HoldKeeper(store: store, logger: logger)
        } catch {
            throw HouseError(message: error.message, status: .unavailable)
        }
        let book = HealthBook()
        book.remembered(holds.filter { $0.returned == nil }.compactMap(\.hold))
        book.remembered(holds.compactMap(\.returnedHold))
        let start = ContinuousClock.now
        continuity = Continuity(book: book, keeper: keeper, answered: Set(answered)) {
            Moment(tick: start.duration(to: .now), unix: time(nil))
        }
        for hold in book.holds {
            logger.warning(
                "still held since before the start",
                metadata: [
                    "hold": "\(hold.id)", "cause": "\(hold.name)", "provider": "\(hold.provider)",
                    "model": "\(hold.model)",
                ])
        }
    }
}
