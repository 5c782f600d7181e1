import Encodings
package import Gateway
import Ledger
import Veto

/// Entries of suspensions, of the roster and of permits.
extension LedgerEntry {
    /// An event of the veto. A reason's text is told only where its orderer has
    /// made it public, and its evidence never.
    package static func veto(_ occurrence: VetoOccurrence, at time: Int) -> LedgerEntry {
        let tick = Int(clamping: occurrence.time.boot)
        func entry(
            _ kind: EntryKind, _ id: String?, by: String? = nil, cause: String? = nil, reason: String? = nil,
            _ more: (inout EntryWriter) -> Void = { _ in }
        ) -> LedgerEntry {
            LedgerEntry(kind.rawValue, at: time) { entry in
                entry.member(.by, ifPresent: by)
                entry.member(.cause, ifPresent: cause)
                entry.member(.reason, ifPresent: reason.map(shortened))
                entry.member(.tick, tick)
                entry.member(.suspension, ifPresent: id)
                if case .ordered(let suspension) = occurrence.event { write(suspension, to: &entry) }
                entry.member(.digest, ifPresent: occurrence.digest)
                entry.member(.roster, occurrence.roster)
                more(&entry)
            }
        }
        switch occurrence.event {
        case .ordered(let suspension):
            return entry(
                .suspensionOrdered, suspension.id, by: suspension.orderer.text,
                reason: suspension.reason.isPublic ? suspension.reason.text : nil
            ) { entry in
                entry.member(.code, suspension.reason.code.rawValue)
                entry.member(.basis, ifPresent: suspension.reason.basis.map(shortened))
                entry.member(.until, ifPresent: suspension.expires)
            }
        case .ratified(let number, let by): return entry(.suspensionRatified, id(number), by: by)
        case .overdue(let number): return entry(.suspensionOverdue, id(number))
        case .lapsed(let number): return entry(.suspensionLapsed, id(number))
        case .approved(let number, let by): return entry(.suspensionApproved, id(number), by: by)
        case .approvalEnded(let number, let by): return entry(.suspensionApprovalEnded, id(number), by: by)
        case .refused(let number, let reason):
            return entry(.suspensionRefused, number.map(id), cause: reason.code, reason: reason.what)
        case .shortened(let number, let expires, let by):
            return entry(.suspensionShortened, id(number)) { entry in
                entry.member(.until, expires)
                names(by, to: &entry)
            }
        case .verifying(let number, let cause):
            let (word, people) = words(cause)
            return entry(.suspensionVerifying, id(number), cause: word) { names(people, to: &$0) }
        case .halfOpen(let number, let percent):
            return entry(.suspensionHalfOpen, id(number)) { $0.member(.percent, percent) }
        case .restored(let number): return entry(.suspensionRestored, id(number))
        case .gateFailed(let number, let reason):
            return entry(.suspensionGateFailed, id(number), reason: reason)
        case .roster(let version, let digest):
            return LedgerEntry(EntryKind.rosterChanged.rawValue, at: time) { entry in
                entry.member(.tick, tick)
                entry.member(.digest, digest)
                entry.member(.roster, version)
            }
        case .replacementAnnounced(let version, let due):
            return LedgerEntry(EntryKind.rosterAnnounced.rawValue, at: time) { entry in
                entry.member(.tick, tick)
                entry.member(.roster, version)
                entry.member(.due, due)
            }
        case .replacementCancelled(let version, let by):
            return LedgerEntry(EntryKind.rosterCancelled.rawValue, at: time) { entry in
                entry.member(.by, ifPresent: by)
                entry.member(.tick, tick)
                entry.member(.roster, version)
            }
        }
    }

    private static func write(_ suspension: Suspension, to entry: inout EntryWriter) {
        entry.list(.scopes) { entry in for scope in suspension.scopes.prefix(64) { entry.text(scope.text) } }
        entry.member(.mode, suspension.mode.rawValue)
    }

    private static func names(_ people: [String], to entry: inout EntryWriter) {
        guard !people.isEmpty else { return }
        entry.list(.approvers) { entry in for name in people.prefix(64) { entry.text(name) } }
    }

    private static func words(_ cause: VetoEvent.ReturnCause) -> (String, [String]) {
        switch cause {
        case .people(let people): ("people", people)
        case .expiry: ("expiry", [])
        case .standard(let id): ("standard:\(id)", [])
        }
    }

    private static func id(_ number: Int) -> String { "S\(number)" }

    /// An entry has a most of bytes.
    private static func shortened(_ text: String) -> String { String(text.prefix(300)) }

    // MARK: Permits

    /// An event of a candidate's permit.
    package static func permit(_ event: PermitEvent, at time: Int) -> LedgerEntry {
        switch event {
        case .granted(let candidate, let tick):
            LedgerEntry(EntryKind.permitGranted.rawValue, at: time) { entry in
                entry.member(.candidate, candidate)
                entry.member(.tick, Int(clamping: tick))
            }
        case .denied(let candidate, let suspension, let tick, let lastAllowed):
            LedgerEntry(EntryKind.permitDenied.rawValue, at: time) { entry in
                entry.member(.candidate, candidate)
                entry.member(.tick, Int(clamping: tick))
                entry.member(.suspension, suspension)
                entry.member(.lastAllowed, Int(clamping: lastAllowed))
            }
        case .ended(let candidate, let suspension, let tick, let lastByte):
            LedgerEntry(EntryKind.permitEnded.rawValue, at: time) { entry in
                entry.member(.candidate, candidate)
                entry.member(.tick, Int(clamping: tick))
                entry.member(.suspension, suspension)
                entry.member(.lastByte, ifPresent: lastByte.map { Int(clamping: $0) })
            }
        case .askedByGate(let candidate, let suspension, let tick, let isAnswered):
            LedgerEntry(EntryKind.permitAsked.rawValue, at: time) { entry in
                entry.member(.candidate, candidate)
                entry.member(.tick, Int(clamping: tick))
                entry.member(.suspension, suspension)
                if isAnswered { entry.member(.isAnswered) }
            }
        }
    }

    /// The last ticks at which candidates were allowed, in as many entries as
    /// they need.
    package static func ticks(_ ticks: [String: UInt64], tick: UInt64, at time: Int) -> [LedgerEntry] {
        let sorted = ticks.sorted { $0.key < $1.key }
        return stride(from: 0, to: sorted.count, by: 100).map { start in
            LedgerEntry(EntryKind.permitTicks.rawValue, at: time) { entry in
                entry.member(.tick, Int(clamping: tick))
                entry.list(.ticks) { entry in
                    for (candidate, last) in sorted[start..<min(start + 100, sorted.count)] {
                        entry.object { entry in
                            entry.member(.candidate, candidate)
                            entry.member(.lastAllowed, Int(clamping: last))
                        }
                    }
                }
            }
        }
    }

    /// The veto begins, after a start of the process.
    package static func vetoBegan(boot: String, tick: UInt64, at time: Int) -> LedgerEntry {
        LedgerEntry(EntryKind.vetoBegan.rawValue, at: time) { entry in
            entry.member(.tick, Int(clamping: tick))
            entry.member(.boot, boot)
        }
    }

    /// An entry of the veto's own record, sealed.
    package static func vetoRecord(position: Int, sealed: [UInt8], at time: Int) -> LedgerEntry {
        LedgerEntry(EntryKind.vetoRecord.rawValue, at: time) { entry in
            entry.member(.position, position)
            sealed.withUnsafeBytes { entry.member(.sealed, bytes: $0) }
        }
    }
}
