import Access
import Conversation
import Gateway
import NIOCore
import NIOHTTP1
import Wire

// What is refused before it becomes a call. Each refusal is noted: whoever
// quotes its id finds it in the log, and keys that are being guessed show.
extension Problem {
    /// Who administers doesn't spend: such a key lies where many commands can
    /// read it, and has no limits that an application's has.
    static let adminKey = Problem(
        .forbidden,
        "This is an admin key, and is for the admin listener only. Applications need a key of their own: "
            + "`holdfast keys create --name NAME` makes one.", code: "admin_key")
}

extension Doors {
    func refuse(
        _ problem: Problem, _ door: Door, _ id: String, _ principal: Principal? = nil, operation: String = "request"
    ) -> Answer {
        gateway.noteRefusal(
            RequestRecord(
                refused: id, operation: operation, door: door.dialect.name, keyID: principal?.id ?? "none",
                problem: problem))
        return door.refuse(problem, id: id)
    }

    private func refuse(_ problem: Problem, _ pending: PendingCall) -> Answer {
        refuse(problem, pending.door, pending.id, pending.principal, operation: pending.operation.name)
    }

    func wrongMethod(
        _ door: Door, _ head: HTTPRequestHead, _ allowed: String, _ id: String, _ principal: Principal
    ) -> Answer {
        var answer = refuse(
            Problem(
                .methodNotAllowed, "\(head.method.rawValue.prefix(20)) is not what this address takes; use \(allowed).",
                code: "method_not_allowed"),
            door, id, principal)
        answer.head.fields.append("allow", allowed)
        return answer
    }

    package func tooLarge(_ pending: PendingCall, limit: Int) -> Answer {
        refuse(
            Problem(
                .tooLarge, "The body is over \(limit >> 20) MiB, the most that is taken. Send less.",
                code: "body_too_large"), pending)
    }

    package func overfull(_ pending: PendingCall) -> Answer {
        refuse(
            Problem(
                .unavailable,
                "The bodies of all requests at once are more than this Holdfast takes; try again in a moment.",
                code: "bodies_too_large", retryAfter: 1), pending)
    }

    package func tooSlow(_ pending: PendingCall) -> Answer {
        refuse(
            Problem(
                .invalidRequest, "The body did not arrive in time; send it without pausing.", code: "request_timeout"),
            pending)
    }

    package func malformed(headersTooLarge: Bool) -> Answer {
        refuse(
            headersTooLarge
                ? Problem(
                    .headersTooLarge, "The header fields are too large; send fewer or shorter ones.",
                    code: "headers_too_large")
                : Problem(
                    .invalidRequest,
                    "This is not an HTTP/1.1 request that can be trusted to mean one thing: check its first line, and that "
                        + "it has one content-length or one transfer-encoding.", code: "malformed_request"),
            openai, RequestID.make())
    }
}
