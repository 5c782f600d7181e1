import Gateway
import NIOCore
import Wire

/// The way back to the caller for one request.
// Used by the request's task, on the connection's event loop.
final class CallerExchange: CallerReply, @unchecked Sendable {
    private let connection: CallerConnection
    private let keepsAlive: Bool
    private let isHTTP10: Bool
    private let isHead: Bool
    private(set) var hasBegun = false
    var isCutOff = false
    private var isOver = false

    init(_ connection: CallerConnection, _ request: CallerConnection.Collecting) {
        self.connection = connection
        keepsAlive = request.keepsAlive
        isHTTP10 = request.isHTTP10
        isHead = request.isHead
    }

    func send(_ head: ResponseHead, body: ByteBuffer) {
        guard !hasBegun, !isOver else { return }
        hasBegun = true
        isOver = true
        connection.sendWhole(head, body, close: !keepsAlive, withoutBody: isHead)
        connection.answered(self, close: !keepsAlive)
    }

    func makeRoom(for more: Int) -> Bool { connection.makeRoom(for: more) }

    func begin(_ head: ResponseHead) {
        guard !hasBegun, !isOver else { return }
        hasBegun = true
        connection.begin(head, isHTTP10 ? .untilClose : .chunked, close: isHTTP10 || !keepsAlive)
    }

    func write(_ bytes: ByteBuffer) async throws {
        guard bytes.readableBytes > 0, !isOver else { return }
        connection.sendPiece(isHTTP10 ? bytes : ResponseBytes.chunk(bytes))
        try await connection.untilWritable()
    }

    var takesNow: Bool { !isOver && connection.takesNow }

    func writeNow(_ bytes: ByteBuffer) {
        if bytes.readableBytes > 0 { connection.sendPiece(isHTTP10 ? bytes : ResponseBytes.chunk(bytes)) }
    }

    func finish() {
        guard !isOver else { return }
        isOver = true
        if !isHTTP10 { connection.sendPiece(ResponseBytes.lastChunk) }
        connection.answered(self, close: isHTTP10 || !keepsAlive)
    }

    func abort() {
        guard !isOver else { return }
        isOver = true
        connection.answered(self, close: true)
    }

    func whenHandedOver(_ done: @escaping (_ waited: Bool) -> Void) { connection.whenHandedOver(done) }

    func limitTaking(to limit: TimeAmount) { connection.limitTaking(to: limit, of: self) }

    func resetWhatIsOut() { if isOver { connection.resetIfUntaken() } }

    /// Ends the exchange when the task that served the request has returned: an
    /// answer that isn't whole by now never will be.
    func taskEnded() { abort() }
}
