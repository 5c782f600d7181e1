/// A subject of counting: a route or a service.
package enum Subject: Sendable, Hashable {
    /// Requests, which are what applications count; the empty name is of
    /// callers that named a provider themselves, or were turned away before
    /// it was known what they named.
    case route(String)
    /// Attempts at a `provider/model`, which are what contracts count.
    case service(String)

    /// As it is stored.
    package var text: String {
        switch self {
        case .route(let name): "r \(name)"
        case .service(let name): "s \(name)"
        }
    }

    package init?(_ text: String) {
        let name = String(text.dropFirst(2))
        switch text.prefix(2) {
        case "r ": self = .route(name)
        case "s ": self = .service(name)
        default: return nil
        }
    }
}

/// A counter, kept for each minute.
package enum Counter: Sendable, Hashable {
    // Of a route: every request is exactly one of these.

    /// Answered whole and in time by the route's first candidate.
    case whole(by: String)
    /// The same by another one: it began, or it went on.
    case stoodIn(by: String)
    /// Whole, and later than the route's objective.
    case late(by: String)
    /// A refusal of a request that needed an answer, with any status.
    case refused(by: String)
    /// Broke off after it had begun.
    case cut(cause: String)
    /// No answer.
    case failed(cause: String)
    /// Refused because of one of the key's limits.
    case turnedAway
    /// The caller left first.
    case callerGone
    /// The request was wrong.
    case ownFault
    /// The policy forbade the request, or its answer.
    case blocked

    // Of a service: every attempt is a status or unanswered.

    case status(Int)
    case unanswered
    /// Beside it, where it failed.
    case cause(String)
    /// Seconds in which Holdfast held it back: that nothing was asked is no
    /// sign of health.
    case held
    /// Holdfast asked by itself; 0 where no answer came.
    case probe(status: Int)

    /// The counter's name as it is stored. It is short, because every packed hour contains it.
    package var text: String {
        switch self {
        case .whole(let by): "w\(by)"
        case .stoodIn(let by): "s\(by)"
        case .late(let by): "l\(by)"
        case .refused(let by): "r\(by)"
        case .cut(let cause): "x\(cause)"
        case .failed(let cause): "f\(cause)"
        case .turnedAway: "t"
        case .callerGone: "g"
        case .ownFault: "o"
        case .blocked: "b"
        case .status(let status): "\(status)"
        case .unanswered: "-"
        case .cause(let cause): "c\(cause)"
        case .held: "h"
        case .probe(let status): "p\(status)"
        }
    }

    package init?(_ text: String) {
        let rest = String(text.dropFirst())
        switch text.first {
        case "w": self = .whole(by: rest)
        case "s": self = .stoodIn(by: rest)
        case "l": self = .late(by: rest)
        case "r": self = .refused(by: rest)
        case "x": self = .cut(cause: rest)
        case "f": self = .failed(cause: rest)
        case "t": self = .turnedAway
        case "g": self = .callerGone
        case "o": self = .ownFault
        case "b": self = .blocked
        case "-": self = .unanswered
        case "c": self = .cause(rest)
        case "h": self = .held
        case "p":
            guard let status = Int(rest) else { return nil }
            self = .probe(status: status)
        default:
            guard let status = Int(text) else { return nil }
            self = .status(status)
        }
    }
}
