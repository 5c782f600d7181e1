import Gateway
import Glibc
import NIOCore
import NIOSSL
import Wire

// Answers out, and the connection's end.
extension CallerConnection {
    /// - Parameter withoutBody: the answer to HEAD, which only says how long
    ///   the body would be (RFC 9110 §9.3.2).
    func sendWhole(_ head: ResponseHead, _ body: ByteBuffer, close: Bool, withoutBody: Bool = false) {
        var bytes = ResponseBytes.head(
            head, .length(body.readableBytes), close: close, date: surroundings.date.now(),
            bodyRoom: min(body.readableBytes, 16 << 10))
        if withoutBody {
            write(bytes)
        } else if body.readableBytes <= 16 << 10 {
            bytes.writeImmutableBuffer(body)
            write(bytes)
        } else {
            write(bytes)
            write(body)
        }
        flushSoon()
    }

    func begin(_ head: ResponseHead, _ framing: ResponseBytes.Framing, close: Bool) {
        // Not flushed: the first piece of the body follows at once.
        write(ResponseBytes.head(head, framing, close: close, date: surroundings.date.now()))
    }

    func sendPiece(_ bytes: ByteBuffer) {
        write(bytes)
        flushSoon()
    }

    func write(_ bytes: ByteBuffer) { outgoing?.write(bytes) }

    func flushSoon() {
        guard !isUnflushed, context != nil else { return }
        isUnflushed = true
        surroundings.executor.flushSoon(self)
    }

    func flush() {
        isUnflushed = false
        guard let context, let outgoing else { return }
        if outgoing.flush() { tellOnceHandedOver(context) }
    }

    /// The caller doesn't take what somebody wants to know taken.
    private func tellOnceHandedOver(_ context: ChannelHandlerContext) {
        // Behind all that waits; where it fails, the connection has ended.
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { _ in
            self.outgoing?.tellAll()
        }
    }

    /// Room for `more` bytes of an answer that is collected before it is sent.
    func makeRoom(for more: Int) -> Bool { outgoing?.makeRoom(for: more) ?? true }

    func whenHandedOver(_ done: @escaping (_ waited: Bool) -> Void) {
        guard context != nil, let outgoing else { return done(false) }
        if isUnflushed { return outgoing.await(done) }
        guard outgoing.isWaiting else { return done(false) }
        outgoing.await(done)
        flush()
    }

    /// Resets the connection where, after that time, the caller hasn't taken
    /// what has been written up to now, or the end of an answer that is out.
    func limitTaking(to limit: TimeAmount, of exchange: CallerExchange) {
        guard let context, let outgoing else { return }
        if isUnflushed { flush() }
        let written = outgoing.writtenBytes
        context.eventLoop.assumeIsolated().scheduleTask(in: limit) {
            guard let outgoing = self.outgoing else { return }
            let isTaken = outgoing.hasHandedOver(written)
            if !isTaken || !self.isServing(exchange) && outgoing.isWaiting { self.reset() }
        }
    }

    private func isServing(_ exchange: CallerExchange) -> Bool {
        if case .serving(let current, _) = state { current === exchange } else { false }
    }

    /// Resets the connection where the kernel hasn't taken all that was
    /// written.
    func resetIfUntaken() {
        guard let outgoing else { return }
        if isUnflushed { flush() }
        if outgoing.isWaiting { reset() }
    }

    /// Closes with a reset: what waits doesn't go out, and nobody takes what
    /// went out for all of it, however its end is told.
    private func reset() {
        guard let context else { return }
        isUnflushed = false
        if case .serving(_, let task) = state { task?.cancel() }
        state = .closing
        let channel = context.channel
        _ = (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        // TLS would say goodbye first, and wait for a caller that doesn't read.
        let secured = try? channel.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)
        (secured ?? context).close(promise: nil)
    }

    /// True where the caller has taken enough of what was written.
    var takesNow: Bool { context != nil && outgoing?.isCrowded == false }

    /// Returns when the caller has taken enough of what was written.
    func untilWritable() async throws {
        guard let context else { throw CancellationError() }
        if context.channel.isWritable { return }
        deadline = .now() + limits.writeTimeout
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            if self.context == nil { return continuation.resume() }
            writable = continuation
        }
        guard self.context != nil else { throw CancellationError() }
        deadline = .distantFuture
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let isWritable = context.channel.isWritable
        outgoing?.changed(isWritable: isWritable)
        if isWritable {
            resumeWriter()
            gate?.pass()
        }
        context.fireChannelWritabilityChanged()
    }

    func resumeWriter() {
        let continuation = writable
        writable = nil
        continuation?.resume()
    }

    /// The answer is out (or never will be): on to the next request.
    func answered(_ exchange: CallerExchange, close: Bool) {
        guard case .serving(let current, _) = state, current === exchange else { return }
        outgoing?.conclude()
        if close || isShuttingDown { return closeWhenSent() }
        becomeIdle()
    }

    func becomeIdle() {
        state = .idle
        letGo()
        if isShuttingDown { return closeWhenSent() }
        deadline = .now() + limits.idleTimeout
        gate?.pass()
    }

    // MARK: The end

    /// The request gets to say so to its caller; a caller that reads nothing
    /// is left after a moment.
    func cutOff() {
        guard case .serving(let exchange, let task) = state else { return close() }
        exchange.isCutOff = true
        task?.cancel()
        resumeWriter()
        context?.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(500)) { self.close() }
    }

    /// Closing at once would throw away what the caller hasn't taken yet.
    func closeWhenSent() {
        guard let context, !isClosing else { return }
        letGo()
        state = .closing
        deadline = .now() + limits.writeTimeout
        flush()
        // Behind all that waits.
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { _ in self.close() }
        outgoing?.flushed()
    }

    func close() {
        if case .serving(_, let task) = state { task?.cancel() }
        state = .closing
        if isUnflushed { flush() }
        context?.close(promise: nil)
    }

    /// Others need the memory that this caller doesn't read.
    func giveUp() {
        guard let outgoing, outgoing.isCrowded || outgoing.isCounted else { return }
        isUnflushed = false
        close()
    }
}
