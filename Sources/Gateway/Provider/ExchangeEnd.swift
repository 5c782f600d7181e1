/// A handle that ends one exchange with a provider from outside of its task:
/// an attempt that has lost against another one, or is ended by a suspension,
/// runs in the request's own task, which goes on.
///
/// Whoever waits on the exchange then gets a `CancellationError`.
// Touched on the request's event loop only.
package class ExchangeEnd: @unchecked Sendable {
    package final private(set) var isEnded = false
    /// True where the time until the first word is watched.
    final var isWatched = false
    /// True once it has waited for something before the request could go out.
    final private(set) var hasWaited = false
    private final var exchange: (any EndableExchange)?
    private final var number = 0

    package init() {}

    /// Sets the exchange that is to be ended; ends it at once if ``end()`` has
    /// been called already.
    /// - Parameter number: The number by which `exchange` knows this exchange.
    package final func attach(_ exchange: any EndableExchange, _ number: Int = 0) {
        hasWaited = true
        if isEnded { return exchange.cancel(number) }
        self.exchange = exchange
        self.number = number
    }

    /// Returns whether the request may go out at this moment: time has
    /// passed where it waited for an engine or a connection. Asked once the
    /// connection is there.
    package func mayBegin() -> Bool { !isEnded }

    /// The exchange's place among those that suspensions end; nil where there
    /// can be none.
    var live: LiveExchange? { nil }

    package final func end() {
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
