import Synchronization

/// The stream of server events: what is sent is delivered to every
/// subscriber, in order, also what was sent before the delivery began.
///
/// A recorder has an event before ``send(_:)`` returns. So what a sender does
/// next can have no consequence that is on record before its cause: a
/// suspension's end and the requests that it lets through, for one.
package final class ServerEvents: Sendable {
    private struct Recording {
        /// The events that no recorder has yet; nil once the delivery begins.
        var early: [ServerEvent]? = []
        var recorder: (any ServerEventRecorder)?
    }

    fileprivate let stream: AsyncStream<ServerEvent>
    private let continuation: AsyncStream<ServerEvent>.Continuation
    private let recording = Mutex(Recording())

    package init() { (stream, continuation) = AsyncStream.makeStream() }

    /// Never blocks.
    package func send(_ event: ServerEvent) {
        // Under the lock, so that the order on record is that of sending.
        recording.withLock { recording in
            recording.early?.append(event)
            recording.recorder?.record(event)
            continuation.yield(event)
        }
    }

    /// Gives the recorder what was sent, and from now on what is.
    fileprivate func begin(_ recorder: (any ServerEventRecorder)?) {
        recording.withLock { recording in
            if let recorder { for event in recording.early ?? [] { recorder.record(event) } }
            recording = Recording(early: nil, recorder: recorder)
        }
    }

    /// Ends the stream; what was sent before is still delivered.
    package func finish() { continuation.finish() }
}

/// A receiver of server events that has them in the order of sending, at once.
package protocol ServerEventRecorder: Sendable {
    /// Takes one event. Must not block, nor send one.
    func record(_ event: ServerEvent)
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

    /// - Parameters:
    ///   - recorder: gets every event as it is sent; nil for none.
    ///   - subscribers: each gets every event, in this order.
    package init(
        events: ServerEvents, recorder: (any ServerEventRecorder)? = nil, subscribers: [any ServerEventSubscriber]
    ) {
        self.events = events
        self.subscribers = subscribers
        events.begin(recorder)
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
