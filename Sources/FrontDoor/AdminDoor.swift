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
        package var body: @Sendable () -> (status: Int, bytes: ByteBuffer)

        package init(
            _ path: String, type: String = "application/json", needsKey: Bool = true,
            body: @escaping @Sendable () -> (status: Int, bytes: ByteBuffer)
        ) {
            self.path = path
            self.type = type
            self.needsKey = needsKey
            self.body = body
        }
    }

    private let keys: KeyRing
    private let pages: [Page]
    private let time: @Sendable () -> UnixTime

    package init(keys: KeyRing, pages: [Page], time: @escaping @Sendable () -> UnixTime) {
        self.keys = keys
        self.pages = pages
        self.time = time
    }

    /// The listener, to be run among the process's services.
    package func service(
        host: String, port: Int, group: any EventLoopGroup, logger: Logger,
        onRunning: @escaping @Sendable (any Channel) async -> Void
    ) -> some Service {
        let router = Router(context: BasicRequestContext.self)
        for page in pages {
            router.get(RouterPath(page.path)) { request, _ in
                if page.needsKey, let refusal = self.refusal(request) { return refusal }
                let (status, bytes) = page.body()
                return Self.response(.init(code: status), bytes, type: page.type)
            }
        }
        router.get("**") { request, _ in
            self.refusal(request)
                ?? Self.failure(
                    .notFound, "There is nothing here; try \(self.pages.map(\.path).joined(separator: ", ")).")
        }
        return Application(
            router: router, configuration: .init(address: .hostname(host, port: port)), onServerRunning: onRunning,
            eventLoopGroupProvider: .shared(group), logger: logger)
    }

    private func refusal(_ request: Request) -> Response? {
        let header = request.headers
        let presented = header[.init("x-api-key")!] ?? header[.authorization].flatMap(Doors.bearer)
        switch keys.authenticate(presented, now: time()) {
        case .granted(let principal) where principal.isAdmin: return nil
        case .granted:
            return Self.failure(.forbidden, "This key is no admin key; `holdfast keys create --admin` makes one.")
        case .missing: return Self.failure(.unauthorized, "No key. Send an admin key as \"Authorization: Bearer KEY\".")
        case .unknown, .expired, .revoked: return Self.failure(.unauthorized, "This key is not known (any more).")
        }
    }

    private static func failure(_ status: HTTPResponse.Status, _ message: String) -> Response {
        var json = JSONWriter()
        json.object { json in json.object("error") { $0.member("message", message) } }
        return response(status, json.buffer, type: "application/json")
    }

    private static func response(_ status: HTTPResponse.Status, _ bytes: ByteBuffer, type: String) -> Response {
        Response(status: status, headers: [.contentType: type], body: .init(byteBuffer: bytes))
    }
}
