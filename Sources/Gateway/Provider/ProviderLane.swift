package import NIOCore
package import Wire

/// A request as it goes to a provider.
package struct LaneRequest: Sendable {
    package var method: String
    /// Below the provider's base address, with a leading slash; a query may
    /// follow.
    package var path: String
    /// Fields beside those that the lane itself sets (host, credential,
    /// content-type and -length).
    package var fields: HTTPFieldList
    package var body: ByteBuffer
    /// Limits of this request, before the lane's own.
    package var limits = AttemptLimits()
    /// The handle by which the lane lets this exchange be ended; nil where only
    /// its task ends it.
    package var ending: ExchangeEnd?

    package init(method: String = "POST", path: String, fields: HTTPFieldList = .init(), body: ByteBuffer = .init()) {
        self.method = method
        self.path = path
        self.fields = fields
        self.body = body
    }
}

/// The time limits of one attempt, where the route sets others than the
/// provider's settings.
package struct AttemptLimits: Sendable, Equatable {
    /// From the request's last byte to the answer's first.
    package var firstByte: Duration?
    /// From the request's last byte to the first piece of the answer that a
    /// caller would read.
    package var firstToken: Duration?
    /// Between two pieces of an answer; in a stream between two that a caller
    /// would read, whatever keeps the connection alive meanwhile.
    package var stall: Duration?
    /// When the whole request has to be over.
    package var deadline: NIODeadline?

    package init() {}
}

/// The reason why a provider gave no answer, or not the whole answer.
package enum LaneFailure: Error, Sendable, Equatable {
    /// No connection; nothing was sent.
    case unreachable(String)
    /// The provider took no connection in time.
    case connectTimeout
    /// The connection ended before the first byte of an answer. On one that
    /// had been used before, the provider most likely closed it while idle,
    /// and the request can be sent again.
    case closedBeforeHead(reused: Bool)
    /// No byte of an answer in time.
    case firstByteTimeout
    /// The answer began, and brought nothing that a caller would read in
    /// time.
    case firstTokenTimeout
    /// The answer stopped for too long.
    case stalled
    /// The whole took too long.
    case totalTimeout
    /// The connection ended in the middle of the answer.
    case cut
    /// Not HTTP, or over the limits.
    case garbage(String)
    /// A part of the answer is not as it was sent: its checksum says so.
    /// - Parameter at: The offset of that part in the answer's body, in bytes.
    case damaged(at: Int, String)
    /// As many requests are waiting for this provider as may.
    case overloaded(String)
    /// The engine behind it isn't ready.
    case notReady(String)
    /// Holdfast itself lacks what a connection needs (descriptors, memory):
    /// says nothing of the provider.
    case ownShortage(String)
    /// The hosted model may disclose no more today; it may again in so many
    /// seconds.
    case usedUp(wait: Int)
}

/// The next of an answer's body, as far as it has come.
package enum LanePiece: Sendable, Equatable {
    case bytes(ByteBuffer)
    /// The body is whole.
    case end
    /// Nothing came in time.
    case silence

    /// Nil at the body's end, and where nothing came in time.
    package var bytes: ByteBuffer? {
        if case .bytes(let bytes) = self { bytes } else { nil }
    }

    package init(_ bytes: ByteBuffer?) { self = bytes.map { .bytes($0) } ?? .end }
}

/// The answer to a request on a lane, while its bytes arrive. Belongs to one
/// task.
package protocol LaneResponse: AnyObject {
    var head: ResponseHead { get }
    /// The next bytes of the body, nil at its end.
    /// - Throws: ``LaneFailure``, or `CancellationError`.
    func next() async throws -> ByteBuffer?
    /// The same, for a reader that has something else to do at that time. Time
    /// limits count on as if it waited all along.
    func next(until due: NIODeadline) async throws -> LanePiece
    /// True when the reader should check if the next bytes bring anything that
    /// a caller would read. False for a moment after each piece that did,
    /// because a check of all pieces costs more than passing them on.
    var wantsProgress: Bool { get }
    /// A piece that a caller would read has come: from now on the limit is
    /// the one between two such pieces.
    func noteProgress()
}

extension LaneResponse {
    package var wantsProgress: Bool { true }
    package func noteProgress() {}
}

/// The way to one provider.
package protocol ProviderLane: Sendable {
    /// True when the lane leads to a hosted engine that is working on a
    /// request: its silence is a sign of work, and another request would slow
    /// down all of them.
    var isAtWork: Bool { get }
    /// Sends a request and hands its answer to `body`, as soon as its head is
    /// there. When `body` returns, throws or is cancelled before the answer
    /// is whole, the provider's connection is closed: nothing runs on there.
    ///
    /// So it is when ``LaneRequest/ending`` ends it.
    /// - Throws: ``LaneFailure``, `CancellationError`, or what `body` throws.
    func exchange<T: Sendable>(
        _ request: LaneRequest, on executor: EventLoopTaskExecutor, _ body: (any LaneResponse) async throws -> T
    ) async throws -> T
}

extension ProviderLane {
    package var isAtWork: Bool { false }
}

extension LaneResponse {
    /// The rest of the body in one piece.
    /// - Throws: ``LaneFailure/garbage(_:)`` above `limit` bytes.
    package func collect(upTo limit: Int) async throws -> ByteBuffer {
        try await collect(upTo: limit) { _ in }
    }

    /// The same, for whoever keeps it until a caller has read it.
    /// - Parameter keep: called before more than ``kept`` bytes are kept, with
    ///   how many more there will be; what it throws ends it.
    func collect(upTo limit: Int, _ keep: (Int) throws -> Void) async throws -> ByteBuffer {
        var whole = ByteBuffer()
        var kept = Self.kept
        // Where the answer says how long it is, room is asked for once.
        let said = head.fields["content-length"].flatMap { Int($0) } ?? 0
        while let more = try await next() {
            let size = whole.readableBytes + more.readableBytes
            guard size <= limit else { throw LaneFailure.garbage("its answer is over \(limit) bytes") }
            if size > kept {
                let room = max(size + Self.kept, min(said, limit))
                try keep(room - kept)
                kept = room
            }
            if whole.readableBytes == 0 { whole = more } else { whole.writeImmutableBuffer(more) }
        }
        return whole
    }

    /// The body's first bytes, `limit` at most; the rest is left, and with it
    /// the connection. For bodies whose beginning says enough: an error's.
    package func collect(first limit: Int) async throws -> ByteBuffer {
        try await collect(first: limit) { _ in }
    }

    /// The same, for a caller that has yet to read it.
    /// - Parameter keep: as for ``collect(upTo:_:)``.
    func collect(first limit: Int, _ keep: (Int) throws -> Void) async throws -> ByteBuffer {
        guard var whole = try await next() else { return ByteBuffer() }
        var hasRoom = false
        while whole.readableBytes < limit, let more = try await next() {
            if !hasRoom, whole.readableBytes + more.readableBytes > Self.kept {
                hasRoom = true
                try keep(limit)
            }
            whole.writeImmutableBuffer(more)
        }
        return whole.getSlice(at: whole.readerIndex, length: min(limit, whole.readableBytes))!
    }

    /// Answers up to that size aren't counted.
    private static var kept: Int { 64 << 10 }
}
