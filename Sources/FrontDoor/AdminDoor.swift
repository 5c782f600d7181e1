package import Access
import HTTPTypes
import Hummingbird
package import Logging
package import NIOCore
package import ServiceLifecycle
import Wire

/// The administrators' listener: its own address, admin keys only. Not on the
/// hot path, so Hummingbird's router does all of it.
package struct AdminDoor: Sendable {
    /// A page that it serves, as bytes of a type.
    package struct Page: Sendable {
        package var path: String
        package var type: String
        package var needsKey: Bool
        /// Given what stood for `:id`; empty where the path has none.
        package var body: @Sendable (String) -> (status: Int, bytes: ByteBuffer)

        package init(
            _ path: String, type: String = "application/json", needsKey: Bool = true,
            body: @escaping @Sendable () -> (status: Int, bytes: ByteBuffer)
        ) {
            self.path = path
            self.type = type
            self.needsKey = needsKey
            self.body = { _ in body() }
        }

        /// A page of a path of which one part is `:id`.
        package init(
            _ path: String, ofEach body: @escaping @Sendable (String) -> (status: Int, bytes: ByteBuffer)
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
        package var perform: @Sendable (ActionRequest) -> Outcome

        package init(_ path: String, perform: @escaping @Sendable (ActionRequest) -> Outcome) {
            self.path = path
            self.perform = perform
        }
    }

    package struct ActionRequest: Sendable {
        /// What stood for `:id`; empty where the path has none.
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

    private let keys: KeyRing
    private let pages: [Page]
    private let actions: [Action]
    private let time: @Sendable () -> UnixTime

    package init(
        keys: KeyRing, pages: [Page], actions: [Action] = [], time: @escaping @Sendable () -> UnixTime
    ) {
        self.keys = keys
        self.pages = pages
        self.actions = actions
        self.time = time
    }

    /// The listener, to be run among the process's services.
    package func service(
        host: String, port: Int, group: any EventLoopGroup, logger: Logger,
        onRunning: @escaping @Sendable (any Channel) async -> Void
    ) -> some Service {
        let router = Router(context: BasicRequestContext.self)
        for page in pages {
            router.get(RouterPath(page.path)) { request, context in
                if page.needsKey, case .refused(let refusal) = self.admit(request) { return refusal }
                let (status, bytes) = page.body(context.parameters.get("id") ?? "")
                return Self.response(.init(code: status), bytes, type: page.type)
            }
        }
        for action in actions {
            router.post(RouterPath(action.path)) { request, context in
                try await self.perform(action, request, context.parameters.get("id") ?? "")
            }
        }
        router.get("**") { request, _ in self.nothingHere(request) }
        router.post("**") { request, _ in self.nothingHere(request) }
        return Application(
            router: router, configuration: .init(address: .hostname(host, port: port)), onServerRunning: onRunning,
            eventLoopGroupProvider: .shared(group), logger: logger)
    }

    private func perform(_ action: Action, _ request: Request, _ parameter: String) async throws -> Response {
        switch admit(request) {
        case .refused(let refusal): return refusal
        case .granted(let who):
            guard let body = try? await request.body.collect(upTo: Self.largestBody) else {
                return Self.failure(.contentTooLarge, "The body is over \(Self.largestBody) bytes.")
            }
            switch action.perform(ActionRequest(parameter: parameter, body: body, who: who)) {
            case .done(let status, let bytes):
                return Self.response(.init(code: status), bytes, type: "application/json")
            case .preview(let bytes): return Self.response(.ok, bytes, type: "application/json")
            case .failure(let status, let message): return Self.failure(.init(code: status), message)
            }
        }
    }

    private func nothingHere(_ request: Request) -> Response {
        if case .refused(let refusal) = admit(request) { return refusal }
        let paths = pages.map { "GET \($0.path)" } + actions.map { "POST \($0.path)" }
        return Self.failure(.notFound, "There is nothing here; try \(paths.joined(separator: ", ")).")
    }

    private enum Admission {
        /// With the id of the key.
        case granted(String)
        case refused(Response)
    }

    private func admit(_ request: Request) -> Admission {
        let header = request.headers
        let presented = header[.init("x-api-key")!] ?? header[.authorization].flatMap(Doors.bearer)
        switch keys.authenticate(presented, now: time()) {
        case .granted(let principal) where principal.isAdmin: return .granted(principal.id)
        case .granted:
            return .refused(
                Self.failure(.forbidden, "This key is no admin key; `holdfast keys create --admin` makes one."))
        case .missing:
            return .refused(
                Self.failure(.unauthorized, "No key. Send an admin key as \"Authorization: Bearer KEY\"."))
        case .unknown, .expired, .revoked:
            return .refused(Self.failure(.unauthorized, "This key is not known (any more)."))
        }
    }

    private static func failure(_ status: HTTPResponse.Status, _ message: String) -> Response {
        response(status, problem(message), type: "application/json")
    }

    /// The body of an answer that says no.
    package static func problem(_ message: String) -> ByteBuffer {
        var json = JSONWriter()
        json.object { json in json.object("error") { $0.member("message", message) } }
        return json.buffer
    }

    private static func response(_ status: HTTPResponse.Status, _ bytes: ByteBuffer, type: String) -> Response {
        Response(status: status, headers: [.contentType: type], body: .init(byteBuffer: bytes))
    }
}
