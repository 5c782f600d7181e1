import HoldfastServer
import NIOCore
import Synchronization
import Testing

@Suite("The order of server events on record")
struct ServerEventsTests {
    /// Keeps the paths of what administrators did.
    private final class Paths: ServerEventRecorder, ServerEventSubscriber {
        let all = Mutex<[String]>([])

        func record(_ event: ServerEvent) {
            guard case .administration(let action) = event else { return }
            all.withLock { $0.append(action.path) }
        }

        func receive(_ event: ServerEvent) async { record(event) }
        var heard: [String] { all.withLock { $0 } }
    }

    private static func action(_ path: String) -> ServerEvent {
        .administration(AdministrationEvent(path: path, by: "key_1", parameter: "", body: ByteBuffer()))
    }

    @Test("a recorder has what was sent before it came, and then each event before its sender goes on")
    func atOnce() async {
        let events = ServerEvents()
        let (recorder, subscriber) = (Paths(), Paths())
        events.send(Self.action("/a"))
        events.send(Self.action("/b"))
        let delivery = EventDelivery(events: events, recorder: recorder, subscribers: [subscriber])
        #expect(recorder.heard == ["/a", "/b"])
        events.send(Self.action("/c"))
        #expect(recorder.heard == ["/a", "/b", "/c"] && subscriber.heard.isEmpty)
        events.finish()
        await delivery.run()
        #expect(recorder.heard == ["/a", "/b", "/c"] && subscriber.heard == recorder.heard)
    }

    @Test("events of many senders are on record in the order in which subscribers get them, and none twice")
    func manySenders() async {
        let events = ServerEvents()
        let (recorder, subscriber) = (Paths(), Paths())
        let delivery = EventDelivery(events: events, recorder: recorder, subscribers: [subscriber])
        await withTaskGroup(of: Void.self) { group in
            for sender in 0..<8 {
                group.addTask { for index in 0..<200 { events.send(Self.action("/\(sender)/\(index)")) } }
            }
        }
        events.finish()
        await delivery.run()
        #expect(recorder.heard.count == 1600 && Set(recorder.heard).count == 1600)
        #expect(subscriber.heard == recorder.heard)
    }
}
