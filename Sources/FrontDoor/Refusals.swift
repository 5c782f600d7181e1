import Access
import Conversation
import Encodings
import Gateway
import NIOCore
import NIOHTTP1
import Wire

// What is refused before it becomes a call. Each refusal is recorded, so that
// its id can be found in the log, and attempts to guess keys become visible.
extension APIProblem {
    /// The refusal of an admin key on the applications' listener. Admin keys
    /// can't be used for requests to models: such a key is stored where many
    /// commands can read it, and doesn't have the limits of an application's
    /// key.
    static let adminKey = APIProblem(
        .forbidden,
        "This is an admin key, and is for the admin listener only. Applications need a key of their own: "
            + "`holdfast keys create --name NAME` makes one.", code: "admin_key")
}

extension Doors {
    func refuse(
        _ problem: APIProblem, _ door: Door, _ id: String, _ principal: Principal? = nil, operation: String = "request"
    ) -> Answer {
        let record = RequestRecord(
            refused: id, operation: operation, door: door.dialect.name, keyID: principal?.id ?? "none",
            problem: problem)
        record.status = door.dialect.status(of: problem)
        gateway.noteRefusal(record)
        return door.refuse(problem, id: id)
    }

    func notFound(_ path: Substring) -> APIProblem {
        APIProblem(
            .notFound, "There is nothing at \(Printable.excerpt(path)). \(table.sentence)", code: "unknown_url")
    }

    func wrongMethod(
        _ door: Door, _ head: HTTPRequestHead, _ allowed: String, _ id: String, _ principal: Principal
    ) -> Answer {
        var answer = refuse(
            APIProblem(
                .methodNotAllowed,
                "\(Printable.excerpt(head.method.rawValue, 20)) is not what this address takes; use \(allowed).",
                code: "method_not_allowed"),
            door, id, principal)
        answer.head.fields.append("allow", allowed)
        return answer
    }

    /// After CONNECT nothing but the tunnel's bytes would come, so the
    /// connection ends.
    func refuseTunnel(_ id: String) -> Answer {
        var answer = refuse(
            APIProblem(
                .methodNotAllowed,
                "This is no proxy: CONNECT opens no tunnel here. Send requests to this address itself "
                    + "(base_url, not a proxy setting).", code: "method_not_allowed"), standard, id)
        answer.head.fields.append("allow", "GET, HEAD, POST, OPTIONS")
        return answer
    }

    package func crowded() -> Answer {
        let id = RequestID.make()
        return refuse(.answersUnread, standard, id)
    }

    package func malformed(headersTooLarge: Bool) -> Answer {
        refuse(
            headersTooLarge
                ? APIProblem(
                    .headersTooLarge, "The header fields are too large; send fewer or shorter ones.",
                    code: "headers_too_large")
                : APIProblem(
                    .invalidRequest,
                    "This is not an HTTP/1.1 request that can be trusted to mean one thing: check its first line, and that "
                        + "it has one content-length or one transfer-encoding.", code: "malformed_request"),
            standard, RequestID.make())
    }
}

extension BodyFault {
    var problem: APIProblem {
        switch self {
        case .tooLarge(let limit):
            let most = limit >= 1 << 20 ? "\(limit >> 20) MiB" : "\(limit) bytes"
            return APIProblem(
                .tooLarge, "The body is over \(most), the most that is taken. Send less.", code: "body_too_large")
        case .overfull:
            return APIProblem(
                .unavailable,
                "The bodies of all requests at once are more than this Holdfast takes; try again in a moment.",
                code: "bodies_too_large", retryAfter: 1)
        case .tooSlow:
            return APIProblem(
                .invalidRequest,
                "The body did not arrive in time: it came too slowly, or stopped. Send it without pausing.",
                code: "request_timeout")
        case .unproven(.all):
            return APIProblem(
                .unavailable,
                "The bodies of all requests whose signatures are not checked yet are more than this Holdfast takes; "
                    + "try again in a moment, or use a bearer key.", code: "bodies_too_large", retryAfter: 1)
        case .unproven(let scope):
            return APIProblem(
                .limited,
                "The bodies of all requests from this \(scope == .key ? "access key" : "address") whose signatures are "
                    + "not checked yet are more than this Holdfast takes; send fewer at once, or use a bearer key.",
                code: "bodies_too_large", retryAfter: 1)
        }
    }
}
