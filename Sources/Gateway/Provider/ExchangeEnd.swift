/// A handle that ends one exchange with a provider from outside of its task:
/// an attempt that has lost against another one runs in the request's own
/// task, which goes on.
///
/// Whoever waits on the exchange then gets a `CancellationError`.
// Touched on the request's event loop only.
package final class ExchangeEnd: @unchecked Sendable {
    package private(set) var isEnded = false
    private var exchange: (any EndableExchange)?
    private var number = 0

    package init() {}

    /// Sets the exchange that is to be ended; ends it at once if ``end()`` has
    /// been called already.
    /// - Parameter number: The number by which `exchange` knows this exchange.
    package func attach(_ exchange: any EndableExchange, _ number: Int = 0) {
        if isEnded { return exchange.cancel(number) }
        self.exchange = exchange
        self.number = number
    }

    package func end() {
        guard !isEnded else { return }
        isEnded = true
        exchange?.cancel(number)
        exchange = nil
    }
}

/// A stage of an exchange that can be ended: the wait for a connection, or
/// the connection.
package protocol EndableExchange: AnyObject {
    /// Ends it; nothing where it is over, and another one may be under way.
    func cancel(_ exchange: Int)
}
