import AdminAPI
import Crypto
import Encodings
import Signing
import Veto
import VetoSpool
import Wire

/// The way of a signed statement into the spool: judged first, then written
/// durably, and only then is the server told.
struct HandIn {
    /// The outcome, once the statement is in the spool.
    struct Outcome {
        var statement: VetoStatement
        /// The numbers of the suspensions that it orders, or of the one that it
        /// is about.
        var numbers: [Int]
        /// Of the file in the spool, in hexadecimal digits.
        var file: String
        /// The effects that it has by the rules.
        var events: [VetoEvent]
        var notice: VetoPlace.Notice

        /// True where the server has taken note of it.
        var isRecorded: Bool {
            guard case .looked(let view) = notice else { return false }
            return view.taken.contains(file)
        }
    }

    let desk: SpoolDesk

    /// Hands a statement in.
    /// - Throws: an exit code, once the reason has been printed, where it
    ///   counts for nothing, or can't be written, or the server has looked and
    ///   doesn't see it.
    func take(_ signed: SignedStatement) async throws -> Outcome {
        let (verified, events) = try accepted { () throws(VetoRefusal) in try desk.judge(signed) }
        let bytes = Array(signed.text.utf8)
        var numbers: [Int] = verified.statement.number.map { [$0] } ?? []
        try written { () throws(SpoolFault) in
            switch verified.statement.decision {
            case .order(let suspensions):
                let least = desk.nextNumber
                let first = try desk.place.writer.addOrder(count: suspensions.count, least: least) { _ in bytes }
                numbers = Array(first..<first + suspensions.count)
            case .found(let roster): try desk.place.writer.addRoster(version: roster.version, bytes)
            case .ratify, .restore, .shorten, .roster, .replace, .cancel: try desk.place.writer.addStatement(bytes)
            }
        }
        let file = Hex.encode(SHA256.hash(data: bytes))
        let notice = await desk.place.notify()
        if case .looked(let view) = notice, let refusal = view.refused.first(where: { $0.statement == file }) {
            complain("holdfast: the server refuses it: \(refusal.reason)")
            throw ExitStatus.dataError.exit
        }
        if case .looked(let view) = notice, !view.taken.contains(file) {
            complain(
                "holdfast: it lies in \(desk.place.spool.path.printable), and the server doesn't see it there, so that it "
                    + "changes nothing yet: see to the owner and the mode of that folder and its files, and to the "
                    + "server's log")
            throw ExitStatus.io.exit
        }
        return Outcome(
            statement: verified.statement, numbers: numbers, file: file, events: events, notice: notice)
    }

    /// Tells, where the server hasn't looked yet, that it will.
    static func explain(_ notice: VetoPlace.Notice, _ spool: SpoolFolder) {
        switch notice {
        case .looked: break
        case .noServer:
            complain("No Holdfast runs; it lies in \(spool.path.printable) and counts from the next start on.")
        case .silent(let reason):
            complain(
                "The server hasn't answered (\(reason)); it lies in \(spool.path.printable) and counts at the server's "
                    + "next look, a fifth of a second after it runs again.")
        }
    }
}

extension VetoEvent {
    /// The line that tells it to a person; nil for what needs no line.
    var line: String? {
        switch self {
        case .ordered(let suspension): "\(suspension.id) is ordered."
        case .ratified(let number, let by): "S\(number) is ratified by \(by)."
        case .approved(let number, let by): "\(by) approves that S\(number) comes back."
        case .approvalEnded(let number, let by): "The approval of \(by) for S\(number) counts no longer."
        case .shortened(let number, let expires, let by):
            "S\(number) ends at \(StatusText.moment(expires)), by \(by.joined(separator: " and "))."
        case .verifying(let number, _):
            "S\(number) is on its way back: the gate asks first. `holdfast veto show S\(number)` says how it stands."
        case .roster(let version, let digest): "Version \(version) of the roster is in force, digest \(digest)."
        case .replacementAnnounced(let version, let due):
            "Version \(version) of the roster is announced, and in force from \(StatusText.moment(due)) on, unless a "
                + "person cancels it: holdfast people cancel."
        case .replacementCancelled(let version, let by):
            "The replacement, version \(version), is cancelled\(by.map { " by \($0)" } ?? "")."
        case .overdue, .lapsed, .refused, .halfOpen, .restored, .gateFailed: nil
        }
    }
}
