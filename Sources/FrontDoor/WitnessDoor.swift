import HTTPTypes
import Hummingbird
import HummingbirdCore
package import Logging
package import NIOCore
package import ServiceLifecycle

/// A witness's listener: `POST /add-checkpoint` (C2SP tlog-witness), and a
/// plain page at `/` for people. Logs are strangers, so everything has a
/// bound: a request's bytes and time, and how many connect at once.
package struct WitnessDoor: Sendable {
    package struct Answer: Sendable {
        package var status: Int
        package var type: String
        package var body: String

        package init(status: Int, type: String, body: String) {
            self.status = status
            self.type = type
            self.body = body
        }
    }

    /// The time within which a request must arrive, and after which a silent
    /// connection is closed; in seconds.
    private static let patience: Int64 = 10
    private static let mostConnections = 256

    private let page: String
    private let largestBody: Int
    private let answer: @Sendable (ByteBuffer) async -> Answer

    /// - Parameters:
    ///   - page: The text of `GET /`.
    ///   - largestBody: The largest body of a request, in bytes.
    ///   - answer: Makes the answer to a request's body.
    package init(
        page: String, largestBody: Int, answer: @escaping @Sendable (ByteBuffer) async -> Answer
    ) {
        self.page = page
        self.largestBody = largestBody
        self.answer = answer
    }

    /// The listener, to be run among the process's services.
    package func service(
        host: String, port: Int, group: any EventLoopGroup, logger: Logger,
        onRunning: @escaping @Sendable (any Channel) async -> Void
    ) -> some Service {
        Application(
            responder: CallbackResponder<Context> { request, context in await self.respond(request, context.channel) },
            server: .http1(
                configuration: .init(
                    idleTimeout: .seconds(Self.patience),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: 8 << 10, maxHeaderListSize: 16 << 10, maxHeaderFieldCount: 64))),
            configuration: .init(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: MaximumAvailableConnections(Self.mostConnections, logger: logger)),
            onServerRunning: onRunning, eventLoopGroupProvider: .shared(group), logger: logger)
    }

    /// Knows the connection, to close it.
    private struct Context: RequestContext {
        var coreContext: CoreRequestContextStorage
        let channel: any Channel

        init(source: ApplicationRequestContextSource) {
            coreContext = .init(source: source)
            channel = source.channel
        }
    }

    private func respond(_ request: Request, _ channel: any Channel) async -> Response {
        switch (request.uri.path, request.method) {
        case ("/add-checkpoint", .post):
            guard let body = await collect(request) else {
                return Self.refusal(413, "the request is too long, or too slow", channel)
            }
            let answer = await answer(body)
            return Self.response(answer.status, answer.type, answer.body)
        case ("/", .get) where Self.isBodyless(request): return Self.response(200, Self.plain, page)
        case ("/", _), ("/add-checkpoint", _):
            return Self.refusal(405, "a witness takes POST /add-checkpoint and GET /", channel)
        default: return Self.refusal(404, "there is nothing here but POST /add-checkpoint", channel)
        }
    }

    /// - Returns: nil where it is too long, too slow, or breaks off.
    private func collect(_ request: Request) async -> ByteBuffer? {
        await withTaskGroup(of: ByteBuffer?.self) { tasks in
            tasks.addTask { try? await request.body.collect(upTo: largestBody) }
            tasks.addTask {
                try? await Task.sleep(for: .seconds(Self.patience))
                return nil
            }
            defer { tasks.cancelAll() }
            return await tasks.next() ?? nil
        }
    }

    private static let plain = "text/plain; charset=utf-8"

    private static func isBodyless(_ request: Request) -> Bool {
        request.headers[.transferEncoding] == nil && request.headers[.contentLength].map { $0 == "0" } ?? true
    }

    /// Makes a refusal that doesn't wait for the rest of the request, however
    /// slowly it comes.
    private static func refusal(_ status: Int, _ message: String, _ channel: any Channel) -> Response {
        channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
        var response = response(status, plain, message + "\n")
        response.headers[.connection] = "close"
        return response
    }

    private static func response(_ status: Int, _ type: String, _ body: String) -> Response {
        Response(
            status: .init(code: status), headers: [.contentType: type],
            body: .init(byteBuffer: ByteBuffer(string: body)))
    }
}
