/// The reason why a statement, a roster or a record counts for nothing: the
/// defect and the remedy. A refusal changes nothing.
package enum VetoRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// The bytes violate the format.
    case malformed(String)
    /// There is no roster, so that there are no people.
    case noRoster
    /// Signed for another installation.
    case wrongInstallation(String)
    /// Signed under another version of the roster than the one in force.
    case rosterVersion(signed: Int, current: Int)
    /// A signature is of no key that ever was in the roster, or doesn't hold.
    case unknownSigner(String)
    /// The signer was not in the roster when the suspension was ordered.
    case notInRosterThen(person: String, since: Int, ordered: Int)
    /// The signer has left the roster, or the key has been replaced.
    case notInRosterNow(person: String)
    /// A recovery key signed what people decide.
    case recoveryKeyIsNoPerson
    /// A person signed what recovery keys decide.
    case notARecoveryKey(person: String)
    /// The statement was used before.
    case replayed(number: Int?)
    /// The statement's time is over.
    case stale(seconds: Int)
    /// The statement says that it is good for longer than a statement may be.
    case tooLong(seconds: Int)
    /// The scopes that were signed are not those of the suspension.
    case rescoped(number: Int)
    /// There is no suspension of that number.
    case unknownNumber(Int)
    /// A suspension of that number, or with that record, is there already.
    case numberTaken(Int)
    /// The digest that was signed is not that of the suspension, or of the
    /// roster, of that number.
    case wrongDigest(String)
    /// Approvals of an earlier attempt to bring the suspension back are spent.
    case spentAttempt(number: Int, signed: Int, current: Int)
    /// One person signed twice, where several must sign.
    case selfApproval(person: String)
    /// Fewer people than necessary signed.
    case notEnough(have: Int, need: Int)
    /// The suspension is over.
    case alreadyOver(number: Int)
    /// The suspension, or the roster, is at a place where that can't be done.
    case wrongPhase(String)
    /// The new end is not before the one that stands.
    case notShorter(number: Int)
    /// A key that a version of the roster brings has not signed that version, so
    /// that nobody is shown to hold it.
    case notHeld(person: String, key: String)
    /// A version of the roster doesn't follow the one in force.
    case brokenChain(String)

    /// The word in records: `wrong-installation`.
    package var code: String {
        switch self {
        case .malformed: "malformed"
        case .noRoster: "no-roster"
        case .wrongInstallation: "wrong-installation"
        case .rosterVersion: "roster-version"
        case .unknownSigner: "unknown-signer"
        case .notInRosterThen: "not-in-roster-then"
        case .notInRosterNow: "not-in-roster-now"
        case .recoveryKeyIsNoPerson: "recovery-key-is-no-person"
        case .notARecoveryKey: "not-a-recovery-key"
        case .replayed: "replayed"
        case .stale: "stale"
        case .tooLong: "too-long"
        case .rescoped: "re-scoped"
        case .unknownNumber: "unknown-number"
        case .numberTaken: "number-taken"
        case .wrongDigest: "wrong-digest"
        case .spentAttempt: "spent-attempt"
        case .selfApproval: "self-approval"
        case .notEnough: "not-enough-people"
        case .alreadyOver: "already-over"
        case .wrongPhase: "wrong-phase"
        case .notShorter: "not-shorter"
        case .notHeld: "not-held"
        case .brokenChain: "broken-chain"
        }
    }

    /// The defect, in plain English.
    package var what: String {
        switch self {
        case .malformed(let what), .wrongPhase(let what), .brokenChain(let what), .unknownSigner(let what): what
        case .noRoster: "there is no roster, so that no one can sign"
        case .wrongInstallation(let name): "it was signed for another installation, \(name)"
        case .rosterVersion(let signed, let current):
            "it was signed under version \(signed) of the roster, and version \(current) is in force"
        case .notInRosterThen(let person, let since, let ordered):
            "\(person) counts since version \(since) of the roster, and the suspension was ordered under version \(ordered)"
        case .notInRosterNow(let person): "\(person) has left the roster, or uses a key that is no longer in it"
        case .recoveryKeyIsNoPerson: "it is signed with a recovery key, which can only replace the roster"
        case .notARecoveryKey(let person): "\(person) signed, and only recovery keys can replace the roster"
        case .replayed(let number):
            "the statement was used already" + (number.map { $0 > 0 ? ", for S\($0)" : "" } ?? "")
        case .stale(let seconds): "the statement's time was over \(seconds) s ago"
        case .tooLong(let seconds): "the statement is good for \(seconds) s, and \(VetoStatement.longest) s is the most"
        case .rescoped(let number): "the scopes that were signed are not those of S\(number)"
        case .unknownNumber(let number): "there is no suspension S\(number)"
        case .numberTaken(let number): "there is a suspension S\(number) already"
        case .wrongDigest(let name): "the digest that was signed is not that of \(name)"
        case .spentAttempt(let number, let signed, let current):
            "it approves attempt \(signed) to bring back S\(number), and attempt \(current) is next"
        case .selfApproval(let person): "\(person) signed already: one person counts once"
        case .notEnough(let have, let need): "\(have) of \(need) people signed"
        case .alreadyOver(let number): "S\(number) is over"
        case .notShorter(let number): "the new end is not before the one of S\(number)"
        case .notHeld(let person, let key):
            "\(person)'s key \(key.prefix(12))… is new in the roster, and has not signed it: nobody is shown to hold it"
        }
    }

    /// The next step of the one who reads it.
    package var remedy: String {
        switch self {
        case .malformed: "write it with `holdfast veto show ID --statement`, and sign exactly those bytes"
        case .noRoster: "make one with `holdfast people init`"
        case .wrongInstallation: "sign the statement of this installation"
        case .rosterVersion: "write the statement again, and sign that one"
        case .unknownSigner: "sign with a key of the roster; `holdfast people show` lists them"
        case .notInRosterThen: "have another person sign who was in the roster when it was ordered"
        case .notInRosterNow: "sign with a key of the roster; `holdfast people show` lists them"
        case .recoveryKeyIsNoPerson: "have people of the roster sign"
        case .notARecoveryKey: "sign with the recovery keys of the roster"
        case .replayed: "write a new statement, and sign that one"
        case .stale: "write a new statement, and sign that one"
        case .tooLong: "write one that ends earlier, or see whether this machine's clock is right"
        case .rescoped, .wrongDigest: "read the suspension with `holdfast veto show ID`, and sign its own statement"
        case .unknownNumber: "see `holdfast veto list`"
        case .numberTaken: "order it again, so that it gets a number of its own"
        case .spentAttempt: "write the statement again, and sign that one"
        case .selfApproval: "have another person sign"
        case .notEnough: "have more people sign the same file"
        case .alreadyOver: "nothing is left to do; order a new suspension if one is needed"
        case .wrongPhase: "see `holdfast veto show ID`"
        case .notShorter: "name an earlier time"
        case .notHeld(let person, _):
            "have \(person) sign the same file with that key: `holdfast people sign FILE --private-key KEY`"
        case .brokenChain: "make the new version out of the one that `holdfast people show` prints"
        }
    }

    package var description: String { "\(what); \(remedy)" }
}
