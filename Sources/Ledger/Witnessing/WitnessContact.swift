/// What a log knows of one of its witnesses, and what it makes of its answers
/// (C2SP tlog-witness, the client's side).
///
/// Pure: somebody else sends the requests and has the clock.
package struct WitnessContact: Sendable {
    /// Why a witness hasn't cosigned.
    package enum Trouble: Error, Sendable, Hashable, CustomStringConvertible {
        /// No answer, or none that belongs to the protocol.
        case unusable(String)
        /// It says no, with this status.
        case refused(Int)
        /// It has cosigned more entries than the log has.
        case ahead(UInt64)
        /// It has seen another history of the log.
        case contradicted
        /// What the proof for it needs can't be read.
        case unprovable(String)

        /// Whether the log itself may be wrong, and not the witness or the way
        /// to it.
        package var isGrave: Bool {
            switch self {
            case .ahead, .contradicted: true
            case .unusable, .refused, .unprovable: false
            }
        }

        package var description: String {
            switch self {
            case .unusable(let why): why
            case .refused(403): "it doesn't accept the log's key (403)"
            case .refused(404): "it doesn't know this log (404)"
            case .refused(let status): "it answers \(status)"
            case .ahead(let size):
                "it has cosigned \(size) entries, more than this log has: the log was rolled back, or another one "
                    + "signs with its key"
            case .contradicted: "it has cosigned another history of this log (422): the log was forked or rewritten"
            case .unprovable(let why): "what it has cosigned last can't be proven to be part of the log: \(why)"
            }
        }
    }

    package enum Outcome: Sendable, Hashable {
        case cosigned(SignedNote.Signature)
        /// It has told what it cosigned last: to be asked again at once.
        case isKnownNow
        case failed(Trouble)
    }

    package let key: VerifierKey
    /// The size of the newest checkpoint that it is known to have cosigned.
    package private(set) var knownSize: UInt64 = 0
    package private(set) var trouble: Trouble?
    private var failures = 0
    private var conflicts = 0
    private var restsUntil = Duration.zero

    package init(_ key: VerifierKey) { self.key = key }

    /// Whether it may be asked, after what went wrong before.
    package func isReady(now: Duration) -> Bool { now >= restsUntil }

    /// Takes an answer in.
    /// - Parameter note: what it was asked to cosign, of `size` entries.
    package mutating func heard(
        status: Int, contentType: String?, body: [UInt8], of note: SignedNote, size: UInt64, now: Duration
    ) -> Outcome {
        switch status {
        case 200:
            guard let signature = cosignature(body, of: note) else {
                return failed(.unusable("it answers without a valid cosignature of its own"), now: now)
            }
            (knownSize, failures, conflicts, trouble) = (size, 0, 0, nil)
            return .cosigned(signature)
        case 409:
            let text = String(decoding: body.prefix(32), as: UTF8.self)
            guard contentType?.split(separator: ";").first == "text/x.tlog.size", let known = UInt64(text.dropLast()),
                text == "\(known)\n"
            else { return failed(.unusable("it answers 409 without a size"), now: now) }
            guard known <= size else { return failed(.ahead(known), now: now) }
            conflicts += 1
            // Nobody else asks for this log: twice in a row is no conflict.
            guard known != knownSize, conflicts < 3 else {
                conflicts = 0
                knownSize = known
                return failed(.unusable("it answers 409 time and again"), now: now)
            }
            knownSize = known
            return .isKnownNow
        case 422: return failed(.contradicted, now: now)
        default: return failed(.refused(status), now: now)
        }
    }

    /// After a failure it rests: a second, then twice as long each time, up
    /// to a minute.
    package mutating func failed(_ trouble: Trouble, now: Duration) -> Outcome {
        self.trouble = trouble
        restsUntil = now + min(.seconds(60), .seconds(1 << min(failures, 6)))
        failures += 1
        return .failed(trouble)
    }

    /// That it has cosigned a checkpoint of that size is known otherwise.
    mutating func hasCosigned(_ size: UInt64) { knownSize = max(knownSize, size) }

    private func cosignature(_ body: [UInt8], of note: SignedNote) -> SignedNote.Signature? {
        guard let answer = try? SignedNote(Array((note.text + "\n").utf8) + body),
            let signers = try? answer.signers(among: [key]), !signers.isEmpty
        else { return nil }
        return answer.signatures.last { $0.name == key.name && $0.id == key.id && $0.time != 0 }
    }
}
