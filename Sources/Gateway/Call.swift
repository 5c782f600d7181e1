package import Access
package import Conversation
package import NIOCore
package import Wire

/// A request that a door has taken in: its key is valid and its body is
/// complete. Nothing of the body has been read yet.
///
/// An object, so that all that share a request copy one reference. Changed by
/// its door alone, before it is served.
package final class Call: @unchecked Sendable {
    package enum Operation: Sendable {
        case chat
        case embeddings(any EmbeddingsCaller)
        case countTokens(any TokenCountCaller)
        case compaction(any CompactionCaller)

        var isChat: Bool {
            if case .chat = self { true } else { false }
        }

        /// True where a model reads a conversation and answers it, so that a
        /// supervisor reads both.
        var isSupervised: Bool {
            switch self {
            case .chat, .compaction: true
            case .embeddings, .countTokens: false
            }
        }

        var holdsConversation: Bool {
            switch self {
            case .chat, .countTokens, .compaction: true
            case .embeddings: false
            }
        }

        package var name: String {
            switch self {
            case .chat: "chat"
            case .embeddings: "embeddings"
            case .countTokens: "count_tokens"
            case .compaction: "compact"
            }
        }
    }

    /// Holdfast's own id of the request, also in `x-request-id`.
    package var id: String
    package let operation: Operation
    /// The API that the caller speaks.
    package let door: any CallerProtocol
    /// The part of the request that its path says.
    package let path: CalledPath
    package let principal: Principal
    /// The caller's fields that a provider may see
    /// (``HTTPFieldRules/isForwardedToProvider(_:)``).
    package let fields: HTTPFieldList
    /// The session and the agent to which the caller says the request belongs.
    package var marks = AgentMarks()
    /// The caller's own credential for a provider; nil where it has only its
    /// key.
    package var credential: CallerCredential?
    /// The caller's query without its question mark, empty if there is none.
    package let query: String
    package var body: ByteBuffer
    /// Fields that every answer to it gets, whoever gives it.
    package var answerFields = HTTPFieldList()
    /// The executor on which the request's task runs.
    package let executor: EventLoopTaskExecutor
    package let arrived: NIODeadline

    package init(
        id: String, operation: Operation, door: any CallerProtocol, path: CalledPath = CalledPath(),
        principal: Principal, fields: HTTPFieldList = .init(), query: String = "", body: ByteBuffer,
        executor: EventLoopTaskExecutor, arrived: NIODeadline
    ) {
        self.id = id
        self.operation = operation
        self.door = door
        self.path = path
        self.principal = principal
        self.fields = fields
        self.query = query
        self.body = body
        self.executor = executor
        self.arrived = arrived
    }

    /// The same call with another body.
    func with(_ body: ByteBuffer) -> Call {
        let other = Call(
            id: id, operation: operation, door: door, path: path, principal: principal, fields: fields, query: query,
            body: body, executor: executor, arrived: arrived)
        other.marks = marks
        other.credential = credential
        other.answerFields = answerFields
        return other
    }
}

/// The way back to the caller. Used by one task, in order: either ``send``
/// once, or ``begin``, ``write`` any number of times, ``finish``.
package protocol CallerReply: AnyObject {
    /// True when the head has been sent: from then on no other answer is
    /// possible.
    var hasBegun: Bool { get }
    /// True when the request was cancelled because the process ends, and not
    /// because the caller left: then the caller can still receive a message.
    var isCutOff: Bool { get }
    /// Asks for room for so many more bytes of an answer that is collected
    /// before it is sent; false where callers leave too much unread.
    func makeRoom(for more: Int) -> Bool
    /// A whole answer.
    func send(_ head: ResponseHead, body: ByteBuffer)
    /// The head of an answer whose body follows in pieces.
    func begin(_ head: ResponseHead)
    /// A piece, sent at once. Returns when the caller can take more.
    /// - Throws: `CancellationError` when the caller has gone.
    func write(_ bytes: ByteBuffer) async throws
    /// True where a piece goes out without any wait, by ``writeNow(_:)``.
    var takesNow: Bool { get }
    /// A piece, sent at once. Only where ``takesNow`` says so, and in the turn
    /// in which its exchange was checked.
    func writeNow(_ bytes: ByteBuffer)
    /// The body is whole.
    func finish()
    /// The last piece, and the body is whole.
    /// - Throws: `CancellationError` when the caller has gone.
    func end(with bytes: ByteBuffer) async throws
    /// The last piece, after which the body will never be whole: the
    /// connection is cut.
    func breakOff(with bytes: ByteBuffer) async
    /// A candidate is about to be asked for this reply.
    func admit(_ candidate: String)
    /// The body will never be whole: the connection is cut, so that nobody
    /// takes what was sent for all of it.
    func abort()
    /// Calls `done` once all that has been written is handed to the kernel, or
    /// never will be: at once, with false, where nothing waits for that.
    func whenHandedOver(_ done: @escaping (_ waited: Bool) -> Void)
    /// Gives the caller that much time to take what has been written so far,
    /// and the end, if it is written by then. Else the connection is reset.
    func limitTaking(to limit: TimeAmount)
    /// Resets the connection where the answer is out and the caller hasn't
    /// taken all of it; nothing while an answer is under way.
    func resetWhatIsOut()
}

extension CallerReply {
    package func end(with bytes: ByteBuffer) async throws {
        try await write(bytes)
        finish()
    }

    package func breakOff(with bytes: ByteBuffer) async {
        try? await write(bytes)
        abort()
    }

    package func admit(_ candidate: String) {}

    package var takesNow: Bool { false }

    package func writeNow(_ bytes: ByteBuffer) { preconditionFailure("asked of a reply that says it can't") }

    package func whenHandedOver(_ done: @escaping (_ waited: Bool) -> Void) { done(false) }

    package func limitTaking(to limit: TimeAmount) {}

    package func resetWhatIsOut() {}

    package func makeRoom(for more: Int) -> Bool { true }
}

// Times on the path of a request are NIO's: Swift's own clock is a type that
// async functions can't lay out in their frames, and would allocate for.
extension NIODeadline {
    /// From this time until now.
    func elapsed() -> Duration { .nanoseconds((NIODeadline.now() - self).nanoseconds) }
}
