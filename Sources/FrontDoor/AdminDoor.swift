package import Access
import Conversation
package import Gateway
package import Logging
package import NIOCore
package import NIOHTTP1
package import ServiceLifecycle
import Wire

/// The administrators' listener: its own address, admin keys only. Its
/// connections are the applications' kind, with the same limits.
package struct AdminDoor: RequestAdmission {
    /// A page that it serves, as bytes of a type.
    package struct Page: Sendable {
        package var path: String
        package var type: String
        package var needsKey: Bool
        /// Given what stood for `:id`; empty where the path has none.
        package var body: @Sendable (String) async -> (status: Int, bytes: ByteBuffer)

        package init(
            _ path: String, type: String = "application/json", needsKey: Bool = true,
            body: @escaping @Sendable () async -> (status: Int, bytes: ByteBuffer)
        ) {
            self.path = path
            self.type = type
            self.needsKey = needsKey
            self.body = { _ in await body() }
        }

        /// A page of a path of which one part is `:id`.
        package init(
            _ path: String, ofEach body: @escaping @Sendable (String) async -> (status: Int, bytes: ByteBuffer)
        ) {
            self.path = path
            type = "application/json"
            needsKey = true
            self.body = body
        }
    }

    /// Something that an administrator does: `POST` to a path, of which one
    /// part may be `:id`.
    package struct Action: Sendable {
        package var path: String
        package var perform: @Sendable (ActionRequest) async -> Outcome

        package init(_ path: String, perform: @escaping @Sendable (ActionRequest) async -> Outcome) {
            self.path = path
            self.perform = perform
        }
    }

    package struct ActionRequest: Sendable {
        /// The part of the path in the place of `:id`; empty where the path has
        /// none.
        package var parameter: String
        package var body: ByteBuffer
        /// The id of the admin key.
        package var who: String
    }

    package enum Outcome: Sendable {
        case done(Int, ByteBuffer)
        /// Nothing was done: the answer says what would be.
        case preview(ByteBuffer)
        case failure(Int, String)
    }

    /// No action needs more than a few names.
    private static let largestBody = 64 << 10

    private let credentials: Credentials
    private let pages: [Page]
    private let actions: [Action]
    private let origins: OriginPolicy

    package init(
        keys: KeyRing, pages: [Page], actions: [Action] = [], origins: OriginPolicy = OriginPolicy(),
        time: @escaping @Sendable () -> UnixTime
    ) {
        credentials = Credentials(keys: keys, time: time)
        self.pages = pages
        self.actions = actions
        self.origins = origins
    }

    /// The listener, to be run among the process's services.
    /// - Parameter limits: the applications' ones; bodies may be shorter only.
    package func service(
        host: String, port: Int, limits: ConnectionLimits, unread: UnreadAnswers, mostConnections: Int = .max,
        group: any EventLoopGroup, logger: Logger, onRunning: @escaping @Sendable (any Channel) async -> Void
    ) throws -> any Service {
        var limits = limits
        limits.body = min(limits.body, Self.largestBody)
        return try Listener(self, limits: limits, unread: unread, eventLoops: Array(group.makeIterator())).service(
            host: host, port: port, tls: nil, mostConnections: mostConnections, group: group, logger: logger,
            onRunning: onRunning)
    }

    // MARK: By the head

    package func receive(
        _ head: HTTPRequestHead, from peer: ConnectionPeer, on executor: EventLoopTaskExecutor
    ) -> AdmissionDecision {
        let target = RequestTarget(head.uri)
        if let objection = origins.current?.objection(to: head.headers, authority: target.authority) {
            return .answer(Self.failure(403, CrossOrigin.problem(objection).message))
        }
        switch head.method {
        case .GET, .HEAD:
            for page in pages {
                guard let parameter = Self.match(target.path, page.path) else { continue }
                if page.needsKey, case .refused(let refusal) = admit(head) { return .answer(refusal) }
                return .call(AdminRequest(.page(page), parameter))
            }
        case .POST:
            for action in actions {
                guard let parameter = Self.match(target.path, action.path) else { continue }
                switch admit(head) {
                case .refused(let refusal): return .answer(refusal)
                case .granted(let who): return .call(AdminRequest(.action(action, who: who), parameter))
                }
            }
        default: break
        }
        return .answer(nothingHere(head))
    }

    /// Compares a path with a pattern, which may hold `:id`.
    /// - Returns: The part of the path in the place of `:id`, empty where the
    ///   pattern has none; nil where the path doesn't match.
    static func match(_ path: Substring, _ pattern: String) -> String? {
        let parts = path.split(separator: "/")
        let wanted = pattern.split(separator: "/")
        guard parts.count == wanted.count else { return nil }
        var parameter = ""
        for (part, wanted) in zip(parts, wanted) {
            if wanted == ":id" {
                parameter = PercentEncoding.decode(part)
            } else if part != wanted {
                return nil
            }
        }
        return parameter
    }

    package func malformed(headersTooLarge: Bool) -> Answer {
        headersTooLarge
            ? Self.failure(431, "The header fields are too large; send fewer or shorter ones.")
            : Self.failure(400, "This is not an HTTP/1.1 request that can be trusted to mean one thing.")
    }

    package func crowded() -> Answer {
        Self.failure(503, "Too much waits to be read by others; try again in a moment.")
    }

    private func nothingHere(_ head: HTTPRequestHead) -> Answer {
        if case .refused(let refusal) = admit(head) { return refusal }
        let paths = pages.map { "GET \($0.path)" } + actions.map { "POST \($0.path)" }
        return Self.failure(404, "There is nothing here; try \(paths.joined(separator: ", ")).")
    }

    private enum Admission {
        /// With the id of the key.
        case granted(String)
        case refused(Answer)
    }

    private func admit(_ head: HTTPRequestHead) -> Admission {
        switch credentials.authentication(head.headers) {
        case .granted(let principal) where principal.isAdmin: return .granted(principal.id)
        case .granted:
            return .refused(Self.failure(403, "This key is no admin key; `holdfast keys create --admin` makes one."))
        case .missing:
            return .refused(Self.failure(401, "No key. Send an admin key as \"Authorization: Bearer KEY\"."))
        case .unknown, .expired, .revoked:
            return .refused(Self.failure(401, "This key is not known (any more)."))
        }
    }

    static func failure(_ status: Int, _ message: String) -> Answer {
        answer(status, problem(message), type: "application/json")
    }

    /// The body of an answer that says no.
    package static func problem(_ message: String) -> ByteBuffer {
        var json = JSONWriter()
        json.object { json in json.object("error") { $0.member("message", message) } }
        return json.buffer
    }

    static func answer(_ status: Int, _ bytes: ByteBuffer, type: String) -> Answer {
        var head = ResponseHead(status: status)
        head.fields.append("content-type", type)
        return Answer(head, bytes)
    }
}

/// A page that is looked at, or something that is done.
private final class AdminRequest: PendingRequest {
    enum Kind: Sendable {
        case page(AdminDoor.Page)
        case action(AdminDoor.Action, who: String)
    }

    private let kind: Kind
    private let parameter: String

    init(_ kind: Kind, _ parameter: String) {
        self.kind = kind
        self.parameter = parameter
    }

    /// Pages read files and actions write some: not on the callers' event
    /// loop.
    func serve(body: ByteBuffer, reply: any CallerReply) async {
        let (kind, parameter) = (kind, parameter)
        let answer = await Task.detached { () -> Answer in
            switch kind {
            case .page(let page):
                let (status, bytes) = await page.body(parameter)
                return AdminDoor.answer(status, bytes, type: page.type)
            case .action(let action, let who):
                let request = AdminDoor.ActionRequest(parameter: parameter, body: body, who: who)
                switch await action.perform(request) {
                case .done(let status, let bytes): return AdminDoor.answer(status, bytes, type: "application/json")
                case .preview(let bytes): return AdminDoor.answer(200, bytes, type: "application/json")
                case .failure(let status, let message): return AdminDoor.failure(status, message)
                }
            }
        }.value
        reply.send(answer.head, body: answer.body)
    }

    func refusal(_ fault: BodyFault) -> Answer { AdminDoor.failure(fault.problem.kind.status, fault.problem.message) }
}
