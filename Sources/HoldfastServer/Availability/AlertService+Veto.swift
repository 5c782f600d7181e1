import Settings
import Veto
import Wire

/// The alerts about suspensions and the roster.
extension AlertService {
    func note(_ occurrence: VetoOccurrence) {
        guard let type = Self.type(of: occurrence.event) else { return }
        tell(.veto, type) { json in
            if let number = occurrence.event.number { json.member("suspension", "S\(number)") }
            if let suspension = occurrence.suspension { Self.write(suspension, to: &json) }
            json.member("digest", ifPresent: occurrence.digest)
            json.member("roster", occurrence.roster)
            switch occurrence.event {
            case .ratified(_, let by), .approved(_, let by), .approvalEnded(_, let by): json.member("by", by)
            case .refused(_, let reason):
                json.member("cause", reason.code)
                json.member("problem", reason.what)
            case .shortened(_, let expires, let by):
                json.member("expires", expires)
                json.array("by") { json in for name in by { json.value(name) } }
            case .halfOpen(_, let percent): json.member("percent", percent)
            case .gateFailed(_, let reason): json.member("problem", reason)
            case .roster(let version, let digest):
                json.member("version", version)
                json.member("sha256", digest)
            case .replacementAnnounced(let version, let due):
                json.member("version", version)
                json.member("due", due)
            case .replacementCancelled(let version, let by):
                json.member("version", version)
                json.member("by", ifPresent: by)
            case .ordered, .overdue, .lapsed, .verifying, .restored: break
            }
        }
    }

    /// Something is wrong with the spool, the record or the disk.
    func note(vetoProblem problem: String) { tell(.veto, "veto.problem") { $0.member("problem", problem) } }

    /// Nil where nobody has to be told.
    private static func type(of event: VetoEvent) -> String? {
        switch event {
        case .ordered: "suspension.ordered"
        case .ratified: "suspension.ratified"
        case .overdue: "suspension.overdue"
        case .lapsed: "suspension.lapsed"
        case .approved: "suspension.approved"
        case .approvalEnded: "suspension.approval-ended"
        case .refused: "suspension.refused"
        case .shortened: "suspension.shortened"
        case .verifying: "suspension.verifying"
        case .halfOpen: "suspension.half-open"
        case .restored: "suspension.restored"
        case .gateFailed: "suspension.gate-failed"
        case .roster: "roster.changed"
        case .replacementAnnounced: "roster.announced"
        case .replacementCancelled: "roster.cancelled"
        }
    }

    /// The reason's text only where it is public, and its evidence never: the
    /// message may lie in somebody else's mailbox.
    private static func write(_ suspension: Suspension, to json: inout JSONWriter) {
        json.array("scopes") { json in for scope in suspension.scopes { json.value(scope.text) } }
        json.member("ordered_by", suspension.orderer.text)
        json.member("code", suspension.reason.code.rawValue)
        json.member("basis", ifPresent: suspension.reason.basis)
        if suspension.reason.isPublic { json.member("reason", suspension.reason.text) }
    }
}
