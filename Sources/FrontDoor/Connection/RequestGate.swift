import NIOCore

/// Lets a caller's bytes through to the decoder one request at a time.
///
/// While a request is served, or its answer waits to be read, what follows it
/// stays here as the bytes that it is, and the connection isn't read any
/// further: what callers send ahead costs no more than one read of their
/// socket.
// Touched on its connection's event loop only.
final class RequestGate: ChannelDuplexHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let connection: CallerConnection
    private var framing: RequestFraming
    private var held = ByteBuffer()
    private var context: ChannelHandlerContext?
    /// Requests whose end was passed on.
    private var ended = 0
    private var isPassing = false
    private var readIsHeld = false

    init(_ connection: CallerConnection, longestLine: Int) {
        self.connection = connection
        framing = RequestFraming(longestLine: longestLine)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        connection.gate = self
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        connection.gate = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if connection.isClosing { return }
        if held.readableBytes == 0 {
            held = bytes
        } else {
            held.discardReadBytes()
            held.writeImmutableBuffer(bytes)
        }
        pass()
    }

    /// Passes on what may be passed on by now.
    func pass() {
        // What is passed on may end in another call of this.
        guard !isPassing, let context else { return }
        isPassing = true
        loop: while !connection.isClosing {
            if framing.isBetweenRequests, !connection.takesNextRequest { break }
            switch framing.next(&held) {
            case .wait:
                if framing.isInHead { connection.headIsUnfinished() }
                break loop
            case .folded:
                connection.refuseMalformed()
                break loop
            case .piece(let piece):
                if piece.endsRequest { ended &+= 1 }
                context.fireChannelRead(wrapInboundOut(piece.bytes))
                // The decoder must have seen the same requests.
                if !connection.isClosing, connection.requestsRead != ended { connection.refuseMalformed() }
            }
        }
        isPassing = false
        if connection.isClosing || held.readableBytes == 0 { held = ByteBuffer() }
        if readIsHeld, mayRead {
            readIsHeld = false
            context.read()
        }
    }

    /// Reading goes on while a request is served: how else would the caller's
    /// leaving be noticed? But not for the sake of more requests, nor of
    /// callers who don't read.
    private var mayRead: Bool {
        connection.isClosing || !framing.isBetweenRequests || held.readableBytes == 0 && connection.mayReadOn
    }

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { readIsHeld = true }
    }

    func channelInactive(context: ChannelHandlerContext) {
        held = ByteBuffer()
        context.fireChannelInactive()
    }
}
