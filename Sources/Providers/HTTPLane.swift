package import Gateway
package import NIOCore
import NIOSSL
import Wire

/// The data plane's HTTP/1.1 client: one provider, connections pooled per
/// event loop.
///
/// A request takes a connection of its own event loop, so that nothing
/// crosses threads between caller and provider. Redirects are not followed,
/// no cookie is kept, and no compression is asked for; an answer that comes
/// compressed all the same is inflated.
package final class HTTPLane: ProviderLane {
    let options: LaneOptions
    private let pools: [ObjectIdentifier: ConnectionPool]
    private let template: RequestTemplate
    private let budget: ConnectionBudget

    /// - Parameter eventLoops: all those on which requests will run.
    /// - Throws: NIOSSL's error when the TLS settings can't be used, e.g. a
    ///   CA file that isn't there.
    package init(_ options: LaneOptions, eventLoops: [any EventLoop]) throws {
        self.options = options
        template = RequestTemplate(options)
        let tls = try options.tls.map { try NIOSSLContext(configuration: $0) }
        let connector = Connector(options: options, tls: tls)
        let budget = ConnectionBudget(options)
        self.budget = budget
        pools = Dictionary(
            uniqueKeysWithValues: eventLoops.map {
                let pool = ConnectionPool(eventLoop: $0, connector: connector, options: options, budget: budget)
                return (ObjectIdentifier($0), pool)
            })
        budget.serve(Array(pools.values))
    }

    deinit { budget.forgetPools() }

    /// Connections that are open, busy or not.
    package var openConnections: Int { budget.openConnections }

    package func exchange<T: Sendable>(
        _ request: LaneRequest, on executor: EventLoopTaskExecutor, _ body: (any LaneResponse) async throws -> T
    ) async throws -> T {
        guard executor.eventLoop.inEventLoop else {
            // Not a request's own task: move over to the event loop.
            return try await withTaskExecutorPreference(executor) {
                try await exchangeOnLoop(request, executor, body)
            }
        }
        return try await exchangeOnLoop(request, executor, body)
    }

    private func exchangeOnLoop<T: Sendable>(
        _ request: LaneRequest, _ executor: EventLoopTaskExecutor, _ body: (any LaneResponse) async throws -> T
    ) async throws -> T {
        guard let pool = pools[ObjectIdentifier(executor.eventLoop)] else {
            throw LaneFailure.unreachable("its connections live on other event loops")
        }
        var total = NIODeadline.now() + options.totalTimeout
        if let deadline = request.limits.deadline {
            total = min(total, deadline)
        }
        let connection = try await pool.acquire(until: total, request.ending)
        connection.start(template.head(for: request), request.body, limits: request.limits, total: total, on: executor)
        let exchange = connection.exchange
        request.ending?.attach(connection, exchange)
        // One handler for the whole exchange: one for every wait would cost
        // more than the waits.
        return try await withTaskCancellationHandler {
            do {
                try await connection.awaitHead()
                let result = try await body(connection)
                connection.finish(isWhole: true)
                return result
            } catch {
                connection.finish(isWhole: false)
                throw error
            }
        } onCancel: {
            pool.eventLoop.execute { connection.cancel(exchange) }
        }
    }

    /// Closes what is idle now and what is busy once it is done. For lanes
    /// that a reload has replaced.
    package func retire() {
        for pool in pools.values { pool.retire() }
    }
}

/// The head of a request; all but a few bytes are the same every time.
struct RequestTemplate: Sendable {
    private let target: String
    private let fixed: ByteBuffer
    private let defaults: [(name: String, value: String)]
    /// The names of fields that the settings set: no request may override them.
    private let pinned: Set<String>

    init(_ options: LaneOptions) {
        var base = options.basePath
        while base.hasSuffix("/") { base.removeLast() }
        var fields = ByteBuffer()
        func add(_ name: String, _ value: String) { fields.writeString("\(name): \(value)\r\n") }
        let pinned = Set(options.fields.map { $0.name.lowercased() })
        self.pinned = pinned
        add("host", options.authority)
        for (name, value) in Self.usual where !pinned.contains(name) { add(name, value) }
        for field in options.fields { add(field.name, field.value) }
        // A plain target behind a proxy is named in full.
        if let proxy = options.proxy, options.tls == nil {
            base = "http://\(options.authority)" + base
            if let authorization = proxy.authorization { add("proxy-authorization", authorization) }
        }
        target = base
        fixed = fields
        defaults = options.defaultFields.filter { !pinned.contains($0.name) }
    }

    private static let usual: KeyValuePairs = [
        "user-agent": "holdfast", "accept": "application/json, text/event-stream", "accept-encoding": "identity",
    ]

    func head(for request: LaneRequest) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(
            capacity: fixed.readableBytes + 256 + min(request.body.readableBytes, 8 << 10))
        buffer.writeString(request.method)
        buffer.writeStaticString(" ")
        buffer.writeString(target)
        buffer.writeString(request.path)
        buffer.writeStaticString(" HTTP/1.1\r\n")
        buffer.writeImmutableBuffer(fixed)
        for field in request.fields.fields where !pinned.contains(field.name) {
            Self.write(field.name, field.value, to: &buffer)
        }
        for field in defaults where request.fields[field.name] == nil {
            Self.write(field.name, field.value, to: &buffer)
        }
        if request.method != "GET" {
            if !pinned.contains("content-type") { buffer.writeStaticString("content-type: application/json\r\n") }
            buffer.writeStaticString("content-length: ")
            buffer.writeString(String(request.body.readableBytes))
            buffer.writeStaticString("\r\n")
        }
        buffer.writeStaticString("\r\n")
        return buffer
    }

    private static func write(_ name: String, _ value: String, to buffer: inout ByteBuffer) {
        // Nobody may start another field inside this one.
        guard HTTPFieldRules.isValidName(name), HTTPFieldRules.isValidValue(value) else { return }
        buffer.writeString(name)
        buffer.writeStaticString(": ")
        buffer.writeString(value)
        buffer.writeStaticString("\r\n")
    }
}
