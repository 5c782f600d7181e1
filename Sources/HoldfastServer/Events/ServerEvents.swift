/// The stream of server events: what is sent is delivered to every
/// subscriber, in order, also what was sent before the delivery began.
package final class ServerEvents: Sendable {
    fileprivate let stream: AsyncStream<ServerEvent>
    private let continuation: AsyncStream<ServerEvent>.Continuation

    package init() { (stream, continuation) = AsyncStream.makeStream() }

    /// Never blocks.
    package func send(_ event: ServerEvent) { continuation.yield(event) }

    /// Ends the stream; what was sent before is still delivered.
    package func finish() { continuation.finish() }
}

/// A receiver of server events.
package protocol ServerEventSubscriber: Sendable {
    /// Takes one event; the next one is delivered once this call returns.
    func receive(_ event: ServerEvent) async
}

/// The delivery of server events to their subscribers.
package struct EventDelivery {
    private let events: ServerEvents
    private let subscribers: [any ServerEventSubscriber]

    /// - Parameter subscribers: each gets every event, in this order.
    package init(events: ServerEvents, subscribers: [any ServerEventSubscriber]) {
        self.events = events
        self.subscribers = subscribers
    }

    /// Delivers until the stream is finished and empty. Not ended by
    /// cancellation: what has happened goes on record.
    package func run() async {
        let (stream, subscribers) = (events.stream, subscribers)
        await Task {
            for await event in stream {
                for subscriber in subscribers { await subscriber.receive(event) }
            }
        }.value
    }
}
