package import Gateway
import ServiceLifecycle
import Veto

/// The upkeep of the veto: looks into the spool when no request does, gives it
/// back what it has lost, keeps to its deadlines, advances the gates, and puts ticks on record.
struct VetoWatch: Service {
    let veto: VetoService
    let book: PermitBook
    let gates: GateKeeper
    let events: ServerEvents

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                // An order is noticed on a quiet server, too.
                group.addTask {
                    await every(.milliseconds(100)) {
                        veto.look()
                        apply()
                    }
                }
                group.addTask { for await _ in veto.changes { apply() } }
                group.addTask {
                    var ticks = TickNote()
                    var owed = OwedNote()
                    await every(.seconds(1)) {
                        veto.tick()
                        await veto.mend()
                        await gates.advance()
                        if let news = ticks.news(book.ticks()) { events.send(.permitTicks(news, at: veto.now.boot)) }
                        if let problem = owed.problem(veto.keeping.owed) { veto.tell(problem) }
                    }
                }
                group.addTask { await every(.seconds(900)) { await veto.keeping.saveMark() } }
            }
        }
        await veto.keeping.saveMark()
    }

    private func apply() {
        book.apply(veto.index)
        // From the order on: what others answer counts for the gate.
        gates.note()
    }

    private func every(_ period: Duration, _ work: () async -> Void) async {
        while !Task.isCancelled {
            await work()
            try? await Task.sleep(for: period)
        }
    }
}
