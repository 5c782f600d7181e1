package import Veto

/// Entries of the record that this server has not sealed, and rosters of other
/// installations.
extension VetoDesk {
    /// The outcome of a replay.
    package struct Replay {
        /// The events of each entry, by the entry's digest, for those whom
        /// nobody has told of it.
        package var events: [String: [VetoOccurrence]] = [:]
        /// The entries that could not be taken, for people.
        package var problems: [String] = []
        /// New entries in place of those that were sealed with a key that is
        /// lost.
        package var adopted: [VetoRecord] = []
    }

    /// Returns whether an entry is this server's own.
    package func isOwn(_ record: VetoRecord) -> Bool { identity.isOwn(record) }

    /// Deals with entries that this server's key has not sealed.
    ///
    /// Where it has sealed others, somebody else has made these: they count for
    /// nothing. Where it has sealed none, the key is lost, and they are all that
    /// there is: what founds or stops is taken anew, as far as people's
    /// signatures go or a standard has ordered it, and what ends or eases a
    /// suspension is not.
    mutating func adopt(_ records: [VetoRecord], isKeyLost: Bool, _ replay: inout Replay) {
        guard isKeyLost else {
            replay.problems.append(
                "\(records.count) entries of the veto's record have no seal of this server's, and count for nothing")
            return
        }
        let sorted = records.sorted { ($0.position, $0.time.wall, $0.digest) < ($1.position, $1.time.wall, $1.digest) }
        var taken = 0
        for record in sorted {
            guard let time = adoptionTime(of: record) else {
                spend(record, &replay)
                continue
            }
            guard !Self.isRefusal(apply(record.content, at: time)) else { continue }
            taken += 1
            replay.adopted.append(self.record(record.content, at: time))
        }
        replay.problems.append(
            "the key with which the veto's record was sealed is gone: \(taken) of its \(records.count) "
                + "entries, those that found or stop, were taken anew, and whatever had returned is suspended again")
    }

    /// Spends the statement of an entry that is not taken anew: its file still
    /// lies in the spool, and would count as a new one at the next look there,
    /// an approval of an attempt that has failed included.
    private mutating func spend(_ record: VetoRecord, _ replay: inout Replay) {
        guard case .statement(let bytes, _) = record.content, let signed = try? SignedStatement(bytes), !signed.founds
        else { return }
        let refusal = VetoRecord.Content.refused(file: VetoRecord.digest(of: bytes), reason: "key-lost")
        _ = apply(refusal, at: start)
        replay.adopted.append(self.record(refusal, at: start))
    }

    /// Returns the time at which an entry without a seal is taken; nil where it
    /// doesn't count. Its own time is anybody's word.
    private func adoptionTime(of record: VetoRecord) -> VetoTime? {
        switch record.content {
        case .founding, .order, .models: return start
        case .statement(let bytes, _):
            guard let signed = try? SignedStatement(bytes), let verified = try? machine.verified(signed) else {
                return nil
            }
            return switch verified.statement.decision {
            case .order: start
            // The threshold of the version before has signed it, whenever.
            case .roster: record.time
            case .found, .ratify, .restore, .shorten, .replace, .cancel: nil
            }
        case .green, .gate, .overdue, .lapsed, .expired, .replaced, .refused: return nil
        }
    }

    /// A sentence for people where the roster is another installation's; nil
    /// where it is this one's.
    var foreignRoster: String? {
        guard let chain = machine.chain, !identity.isOwn(installation: chain.current.installation) else { return nil }
        return "the roster is of installation \(chain.current.installation), and this Holdfast is "
            + "\(identity.installations.joined(separator: " or ")): has the key of its ledger's log been replaced? What "
            + "is suspended stays so, and people can suspend; all else that they sign is refused (docs/veto.md)"
    }
}
