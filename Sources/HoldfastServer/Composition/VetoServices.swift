import Gateway
import Ledger
import Logging
import Settings
import Veto
import VetoSpool

/// The veto, and the permits of the gateway that follow from it.
struct VetoServices {
    let veto: VetoService
    let book: PermitBook
    let traffic = GateTraffic()

    /// Brings the suspensions of all sources back, so that they are in force
    /// before anything is asked.
    /// - Throws: ``StartupError`` where the storage can't be read.
    init(_ process: ServerProcess, _ restored: RestoredState, _ records: RecordServices) async throws(StartupError) {
        let settings = process.settings.started.veto
        let spool = SpoolFolder(settings.spool)
        veto = try await VetoOpening(
            policy: VetoPolicy(settings), spool: spool, storage: restored.storage,
            ledger: records.ledger,
            identity: VetoIdentity(key: try Self.key(spool), log: records.ledger?.key.vkey),
            logger: Logger(label: "veto")
        ).open(process.events)
        book = PermitBook(source: veto)
        book.apply(veto.index)
    }

    /// - Throws: ``StartupError`` where the key can't be read, or made: without
    ///   it nobody could tell whether the record is this server's own.
    private static func key(_ spool: SpoolFolder) throws(StartupError) -> VetoRecordKey {
        do throws(SpoolFault) {
            return VetoRecordKey(secret: try SpoolKey.loadOrMake(spool).secret)
        } catch {
            throw StartupError(.unavailable, "veto: \(error)")
        }
    }

    /// Looks into the spool, and has what is new there in force once this
    /// returns.
    func look() {
        veto.look()
        book.apply(veto.index)
    }
}

extension VetoPolicy {
    fileprivate init(_ settings: VetoSettings) {
        self.init(
            ratifyWithin: Int(settings.ratifyWithin.components.seconds),
            unratified: settings.unratified == .stands ? .stands : .lapses)
    }
}

extension GateRules {
    init(_ settings: VetoSettings) {
        self.init()
        percent = settings.halfOpen.percent
        halfOpen = settings.halfOpen.time
    }
}
