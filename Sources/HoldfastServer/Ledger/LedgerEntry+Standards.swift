import Encodings
import Ledger
import Veto

extension LedgerEntry {
    /// A change of a standard's standing. Its evidence is for the log, the
    /// webhooks and `holdfast standards`: a ledger may be public.
    package static func standard(_ occurrence: StandardOccurrence, at time: Int) -> LedgerEntry {
        LedgerEntry(kind(of: occurrence.kind).rawValue, at: time) { entry in
            entry.member(.by, "standard:\(occurrence.place.standard)")
            entry.member(.cause, ifPresent: occurrence.check?.rawValue)
            entry.member(.reason, ifPresent: occurrence.remark.isEmpty ? nil : String(occurrence.remark.prefix(300)))
            entry.member(.verdict, ifPresent: occurrence.verdict?.ruling.rawValue)
            entry.member(.action, ifPresent: occurrence.consequence?.rawValue)
            entry.member(.suspension, ifPresent: occurrence.number.map { "S\($0)" })
            entry.list(.scopes) { $0.text(occurrence.place.scope.text) }
        }
    }

    private static func kind(of kind: StandardOccurrence.Kind) -> EntryKind {
        switch kind {
        case .breached: .standardBreached
        case .warned: .standardWarned
        case .suspends: .standardSuspends
        case .returns: .standardReturns
        case .needsPeople: .standardNeedsPeople
        case .met: .standardMet
        case .unknown: .standardUnknown
        }
    }
}
