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
        if let ending = request.ending, !ending.mayBegin() {
            // Nothing of the request has gone out.
            pool.release(connection)
            throw CancellationError()
        }
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
