/// The state that a log keeps about one of its witnesses, and its interpretation of the witness's answers (C2SP
/// tlog-witness, the client's side).
///
/// Pure: the caller sends the requests and supplies the time.
package struct WitnessContact: Sendable {
    /// The reason why a witness hasn't cosigned.
    package enum Trouble: Error, Sendable, Hashable, CustomStringConvertible {
        /// No answer, or none that belongs to the protocol.
        case unusable(String)
        /// The witness refused with this status.
        case refused(Int)
        /// The witness has cosigned more entries than the log has.
        case ahead(UInt64)
        /// The witness has seen a different history of the log.
        case contradicted
        /// The log cannot read the data that the consistency proof requires.
        case unprovable(String)

        /// True if the log itself may be wrong, rather than the witness or the connection to it.
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
        /// The witness has reported the size that it cosigned last; it can be asked again at once.
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

    /// Returns whether the witness may be asked now, after earlier failures.
    package func isReady(now: Duration) -> Bool { now >= restsUntil }

    /// Processes an answer.
    /// - Parameter note: the note, of `size` entries, that the witness was asked to cosign.
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

    /// Records that the witness has cosigned a checkpoint of that size, when this is known from another source.
    mutating func hasCosigned(_ size: UInt64) { knownSize = max(knownSize, size) }

    private func cosignature(_ body: [UInt8], of note: SignedNote) -> SignedNote.Signature? {
        guard let answer = try? SignedNote(Array((note.text + "\n").utf8) + body),
            let signers = try? answer.signers(among: [key]), !signers.isEmpty
        else { return nil }
        return answer.signatures.last { $0.name == key.name && $0.id == key.id && $0.time != 0 }
    }
}
