import Ledger

/// Ends of an audit that are no `HOLDS`, each with an exit code of its own: a
/// typing error must never read like a forgery, nor a forgery like one.
enum AuditFailure: Error {
    /// The files contradict themselves, their signatures or the policy.
    case doesNotHold(String)
    /// Nothing was compared: a wrong path, a key that is none, another log.
    case couldNotLook(String)
    /// The command line asks for nothing that there is.
    case usage(String)

    init(_ problem: LedgerProblem) {
        self =
            switch problem.kind {
            case .contradiction: .doesNotHold(problem.description)
            case .unreadable: .couldNotLook(problem.description)
            }
    }

    var code: Int32 {
        switch self {
        case .doesNotHold: 1
        case .couldNotLook: 2
        case .usage: 64
        }
    }

    /// The verdict as it is printed; nil where none was sought.
    var verdict: String? {
        switch self {
        case .doesNotHold: "DOES NOT HOLD"
        case .couldNotLook: "COULD NOT LOOK"
        case .usage: nil
        }
    }

    var reason: String {
        switch self {
        case .doesNotHold(let reason), .couldNotLook(let reason), .usage(let reason): reason
        }
    }

    /// Runs a part of the audit, and says of its problem which end it is.
    static func judged<T>(_ work: () throws(LedgerProblem) -> T) throws(AuditFailure) -> T {
        do {
            return try work()
        } catch {
            throw AuditFailure(error)
        }
    }
}
