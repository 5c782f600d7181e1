import Gateway
import NIOCore
import Wire

/// One connection to a provider: at most one exchange at a time.
///
/// Bytes are parsed when they are asked for; while nobody asks, reading
/// pauses once ``highWatermark`` bytes are waiting, and TCP slows the
/// provider down.
// Touched on its event loop only.
final class LaneConnection: ChannelDuplexHandler, Flushable, LaneResponse, EndableExchange, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        case idle
        /// The request is out, nothing has come back.
        case awaitingHead
        case body
        /// The exchange is over for its user; the rest of the answer is
        /// awaited for a moment so that the connection can be kept.
        case draining
        case closed
    }

    static let highWatermark = 256 << 10

    private let pool: ConnectionPool
    private let options: LaneOptions
    /// Nil before the connection stands, and once it has ended.
    private var outlet: SocketOutlet?

    private var phase = Phase.idle
    private var answer = AnswerReading()
    private var deadlines = ExchangeDeadlines()
    private var ending = ConnectionEnding()
    private(set) var head = ResponseHead(status: 0)
    /// Counts the exchanges on this connection.
    private(set) var exchange = 0
    private var isReused = false
    private var waiter: UnsafeContinuation<Void, Never>?
    /// The pool's own notes about the connection.
    var pooled = PooledConnection()

    init(pool: ConnectionPool, options: LaneOptions) {
        self.pool = pool
        self.options = options
    }

    private var context: ChannelHandlerContext? { outlet?.context }

    var isUsable: Bool { phase == .idle && context != nil && !ending.isClosing }

    // MARK: An exchange, from its user's side

    /// - Parameter executor: of the connection's event loop.
    func start(
        _ requestHead: ByteBuffer, _ body: ByteBuffer, limits: AttemptLimits, total: NIODeadline,
        on executor: EventLoopTaskExecutor
    ) {
        guard let outlet, isUsable else {
            // It ended between being handed over and being used: nothing of
            // the request has gone out.
            ending.failure = ending.failure ?? .closedBeforeHead(reused: true)
            return
        }
        phase = .awaitingHead
        exchange += 1
        answer.parser = HTTPResponseParser()
        answer.hasEnded = false
        answer.inflater = nil
        deadlines.isRunning = false
        ending.isCancelled = false
        deadlines.total = total
        deadlines.started = .now()
        deadlines.limits = limits
        deadlines.word =
            deadlines.started + (deadlines.limits.firstByte.map(TimeAmount.init) ?? options.firstByteTimeout)
        deadlines.progress = StreamProgress(
            until: deadlines.limits.firstToken.map { deadlines.started + TimeAmount($0) }, pause: pause)
        if body.readableBytes <= 8 << 10 {
            // Copying that little is cheaper than a vectored write.
            var whole = requestHead
            whole.writeImmutableBuffer(body)
            outlet.write(whole)
        } else {
            outlet.write(requestHead)
            outlet.write(body)
        }
        executor.flushSoon(self)
    }

    func flush() { outlet?.flush() }

    /// Returns when ``head`` is there.
    func awaitHead() async throws {
        while true {
            if let event = try parsed() {
                guard case .head(let head) = event else { throw LaneFailure.garbage("it has no head") }
                self.head = head
                if head.fields["content-encoding"] != nil {
                    answer.inflater = try Inflater(encoding: head.fields["content-encoding"])
                    // What goes on is plain, and of another length.
                    if answer.inflater != nil {
                        self.head.fields.fields.removeAll { ["content-encoding", "content-length"].contains($0.name) }
                    }
                }
                phase = .body
                return
            }
            try refuseIfOver()
            await withUnsafeContinuation { self.wait($0) }
        }
    }

    /// The next bytes of the body, nil at its end.
    func next() async throws -> ByteBuffer? {
        while true {
            if let piece = try received() { return piece.bytes }
            try refuseIfOver()
            expectWord()
            await withUnsafeContinuation { self.wait($0) }
        }
    }

    func next(until due: NIODeadline) async throws -> LanePiece {
        while true {
            if let piece = try received() { return piece }
            try refuseIfOver()
            expectWord()
            guard due > .now() else { return .silence }
            // Wakes the one that waits by then, who looks again at what has come.
            let timer = context?.eventLoop.scheduleTask(deadline: due) { self.resume() }
            await withUnsafeContinuation { self.wait($0) }
            timer?.cancel()
        }
    }

    /// The next of the body that is here; nil while more has to come first.
    private func received() throws -> LanePiece? {
        let piece = try read()
        if piece != nil { deadlines.isRunning = false }
        return piece
    }

    private func read() throws -> LanePiece? {
        while true {
            if let plain = try answer.inflater?.next() { return .bytes(plain) }
            guard !answer.hasEnded else { return .end }
            guard let event = try parsed() else { return nil }
            guard case .body(let bytes) = event else {
                if answer.inflater?.isWhole == false { throw LaneFailure.cut }
                return .end
            }
            guard let inflater = answer.inflater else { return .bytes(bytes) }
            inflater.feed(bytes)
        }
    }

    /// From now on the provider has to say its next word in time, unless that
    /// time runs already.
    private func expectWord() {
        guard !deadlines.isRunning else { return }
        deadlines.isRunning = true
        deadlines.word = .now() + pause
    }

    var wantsProgress: Bool { deadlines.progress.isWanted }
    func noteProgress() { deadlines.progress.note() }

    /// The longest pause between two pieces.
    private var pause: TimeAmount { deadlines.limits.stall.map(TimeAmount.init) ?? options.idleTimeout }

    private func refuseIfOver() throws {
        if ending.isCancelled { throw CancellationError() }
        if let failure = ending.failure { throw failure }
    }

    /// The caller has gone: nothing may run on at the provider.
    ///
    /// By the time this runs the exchange may be over and the connection be
    /// somebody else's: hence the number.
    func cancel(_ exchange: Int) {
        guard exchange == self.exchange, phase == .awaitingHead || phase == .body else { return }
        ending.isCancelled = true
        close()
        resume()
    }

    private func wait(_ continuation: UnsafeContinuation<Void, Never>) {
        if ending.isCancelled || ending.failure != nil || ending.wasSeen { return continuation.resume() }
        waiter = continuation
    }

    private func parsed() throws -> HTTPResponseParser.Event? {
        do throws(HTTPProblem) {
            var event = try answer.parser.next()
            if event == nil, ending.wasSeen, ending.failure == nil, !ending.isCancelled, answer.parser.hasBegun {
                event = try answer.parser.finish()
            }
            if case .end(let reusable)? = event {
                answer.hasEnded = true
                answer.isReusable = reusable
            }
            if answer.readIsHeld, answer.parser.bufferedBytes < Self.highWatermark {
                answer.readIsHeld = false
                context?.read()
            }
            return event
        } catch {
            if ending.wasSeen { throw phase == .awaitingHead ? LaneFailure.closedBeforeHead(reused: false) : .cut }
            throw LaneFailure.garbage(error.reason)
        }
    }

    private func resume() {
        let waiter = waiter
        self.waiter = nil
        waiter?.resume()
    }

    /// Ends the exchange on the side of its user.
    /// - Parameter isWhole: True when the user has the whole answer. Otherwise
    ///   the connection is closed, so that nothing runs on at the provider.
    func finish(isWhole: Bool) {
        guard phase != .closed else { return }
        guard isWhole else { return close() }
        // Often the end's few bytes are here already.
        while !answer.hasEnded, let event = try? parsed() {
            if case .body = event { return close() }
        }
        if answer.hasEnded { return keep() }
        phase = .draining
        deadlines.word = .now() + .seconds(1)
    }

    private func keep() {
        guard answer.isReusable, ending.failure == nil, !ending.wasSeen, !ending.isClosing,
            answer.parser.bufferedBytes == 0
        else { return close() }
        phase = .idle
        isReused = true
        pool.release(self)
    }

    func close() {
        guard phase != .closed else { return }
        ending.isClosing = true
        context?.close(promise: nil)
    }

    /// True when an end before the first byte means that the provider had
    /// closed the connection while it was idle. If more time has passed, the
    /// provider may have worked on the request: to send it again would do the
    /// work, and cost the price, twice.
    private var wasStale: Bool { isReused && .now() < deadlines.started + .seconds(1) }

    // MARK: Time

    func checkTime(_ now: NIODeadline) {
        switch phase {
        case .idle, .closed: return
        case .draining:
            if now > deadlines.word { close() }
        case .awaitingHead, .body:
            // While the user is not waiting, it is the caller who is slow.
            deadlines.progress.checkTime(now, isAwaited: waiter != nil)
            guard waiter != nil else { return }
            if now > deadlines.total {
                fail(.totalTimeout)
            } else if now > deadlines.word {
                fail(phase == .awaitingHead && !answer.parser.hasBegun ? .firstByteTimeout : .stalled)
            } else if now > deadlines.progress.deadline {
                fail(
                    deadlines.progress.hasBegun
                        ? .stalled : answer.parser.hasBegun ? .firstTokenTimeout : .firstByteTimeout)
            }
        }
    }

    private func fail(_ failure: LaneFailure) {
        ending.failure = ending.failure ?? failure
        context?.close(promise: nil)
        resume()
    }

    // MARK: The channel's side

    func handlerAdded(context: ChannelHandlerContext) {
        outlet = SocketOutlet(context, isPlain: options.tls == nil)
    }

    /// A channel that is closed as soon as it is connected never becomes
    /// inactive; it is only taken down.
    func handlerRemoved(context: ChannelHandlerContext) { ended() }

    func read(context: ChannelHandlerContext) {
        if answer.parser.bufferedBytes < Self.highWatermark { context.read() } else { answer.readIsHeld = true }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch phase {
        case .idle:
            // Nobody asked for anything.
            close()
        case .closed: return
        case .draining:
            answer.parser.feed(unwrapInboundIn(data))
            while !answer.hasEnded, let event = try? parsed() {
                if case .body = event { return close() }
            }
            if answer.hasEnded { keep() }
        case .awaitingHead, .body:
            deadlines.isRunning = false
            answer.parser.feed(unwrapInboundIn(data))
            resume()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Set before the end is seen: a body that only the connection's end
        // delimits is not whole when the connection was reset.
        if phase == .awaitingHead || phase == .body {
            ending.failure = ending.failure ?? (answer.parser.hasBegun ? .cut : .closedBeforeHead(reused: wasStale))
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        ended()
        context.fireChannelInactive()
    }

    private func ended() {
        guard !ending.wasSeen else { return }
        let wasIdle = phase == .idle || phase == .draining
        ending.wasSeen = true
        if !wasIdle, ending.failure == nil, !answer.parser.hasBegun {
            ending.failure = .closedBeforeHead(reused: wasStale)
        }
        if wasIdle { phase = .closed }
        outlet = nil
        pool.connectionClosed(self)
        resume()
    }
}
