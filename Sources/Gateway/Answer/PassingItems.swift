import Conversation
import NIOCore
import Wire

/// The changes to an answer that passes as it came, where its items come back
/// with later requests: it gets Holdfast's own id, and the maker of its items
/// is remembered.
struct PassingItems {
    private let items: any AnswerItems
    private let id: String
    private let origins: ItemOrigins
    private let provider: String

    /// - Returns: nil for an API whose answers have no such items.
    init?(_ call: Call, _ origins: ItemOrigins, of provider: String) {
        guard let items = call.door.items else { return nil }
        self.items = items
        self.origins = origins
        self.provider = provider
        id = items.answerID(requestID: call.id)
    }

    /// Returns a whole answer as the caller gets it.
    func pass(_ answer: ByteBuffer) -> ByteBuffer {
        origins.note(items.marks(inAnswer: answer), of: provider)
        return items.naming(answer, id) ?? answer
    }

    /// Returns the bytes in the place of a frame's; nil for the many that pass
    /// as they came.
    func pass(_ frame: Frame) -> ByteBuffer? {
        origins.note(items.marks(in: frame), of: provider)
        return items.naming(frame, id)
    }
}

extension Call {
    /// Holdfast's own id of the answer, where its API has one.
    var answerID: String? { door.items?.answerID(requestID: id) }
}

/// The beginning of an answer that is told anew, with Holdfast's own id.
struct NamedAnswer: EventFilter {
    let id: String
    var looksAtCallsOnly: Bool { false }

    func pass(_ event: StreamEvent) -> StreamEvent? {
        guard case .started(_, let model, let created) = event else { return event }
        return .started(id: id, model: model, created: created)
    }
}
