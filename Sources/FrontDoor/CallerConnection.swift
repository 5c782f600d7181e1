import Gateway
package import NIOCore
import NIOHTTP1
import Wire

/// One caller's connection: requests come in, one at a time is served, in a
/// task of its own on the connection's event loop.
///
/// Hummingbird accepts the connection, secures it and shuts it down; its own
/// request handling would not notice a caller who leaves while no one reads
/// or writes (its issue 618), so the part from bytes to task is here. The
/// caller gone means the task cancelled, at once.
// Touched on its event loop only.
final class CallerConnection: ChannelDuplexHandler, Flushable, @unchecked Sendable {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        /// Between two requests.
        case idle
        case collecting(PendingCall, ByteBuffer)
        /// An answer is under way, the request has been read.
        case serving(CallerExchange, Task<Void, Never>?)
        /// Answered before the request was read: the rest of it is swallowed
        /// so that the caller gets to read the answer.
        case swallowing(bytes: Int, thenClose: Bool)
        case closing
    }

    private let reception: any Reception
    private let limits: ConnectionLimits
    private let budget: BodyBudget
    /// What of the budget this connection has.
    private var budgeted = 0
    private let executor: EventLoopTaskExecutor
    private let date: DateField
    private var context: ChannelHandlerContext?

    private var state = State.idle
    /// Requests that came before the one at hand was answered.
    private var pipelined: [HTTPServerRequestPart] = []
    private var readIsHeld = false
    private var isShuttingDown = false
    private var deadline: NIODeadline
    private var timer: Scheduled<Void>?
    private var writable: UnsafeContinuation<Void, Never>?
    private var isUnflushed = false

    init(
        _ reception: any Reception, limits: ConnectionLimits, budget: BodyBudget, executor: EventLoopTaskExecutor,
        date: DateField
    ) {
        self.reception = reception
        self.budget = budget
        self.limits = limits
        self.executor = executor
        self.date = date
        deadline = .now() + limits.requestTimeout
    }

    // MARK: Requests in

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if case .serving = state { return pipelined.append(part) }
        take(part)
    }

    private func take(_ part: HTTPServerRequestPart) {
        switch (part, state) {
        case (.head(let head), .idle): begin(head)
        case (.body(let bytes), .collecting(let pending, var body)):
            state = .idle
            deadline = .now() + limits.requestTimeout
            if body.readableBytes == 0 { body = bytes } else { body.writeImmutableBuffer(bytes) }
            if body.readableBytes > limits.body {
                answerEarly(reception.tooLarge(pending, limit: limits.body), close: true)
            } else if !hold(body.readableBytes) {
                answerEarly(reception.overfull(pending), close: true)
            } else {
                state = .collecting(pending, body)
            }
        case (.end, .collecting(let pending, let body)): serve(pending, body)
        case (.body(let bytes), .swallowing(let swallowed, let thenClose)):
            let swallowed = swallowed + bytes.readableBytes
            if swallowed > limits.swallow { return close() }
            state = .swallowing(bytes: swallowed, thenClose: thenClose)
        case (.end, .swallowing(_, let thenClose)):
            if thenClose { closeWhenSent() } else { becomeIdle() }
        default: break
        }
    }

    /// Takes what a body of that size needs of the budget.
    private func hold(_ size: Int) -> Bool {
        guard size > BodyBudget.free else { return true }
        guard budget.take(size - budgeted) else { return false }
        budgeted = size
        return true
    }

    private func letGo() {
        if budgeted > 0 { budget.giveBack(budgeted) }
        budgeted = 0
    }

    private func begin(_ head: HTTPRequestHead) {
        deadline = .now() + limits.requestTimeout
        let length = head.headers.first(name: "content-length").flatMap(Int.init) ?? 0

        var keepsAlive = head.isKeepAlive && !isShuttingDown
        switch reception.receive(head, on: executor) {
        case .answer(let answer):
            // A long body isn't worth reading for the connection's sake, and
            // whoever asks before sending one may not send it now.
            if length > 64 << 10 || head.headers.contains(name: "transfer-encoding")
                || head.headers.contains(name: "expect")
            {
                keepsAlive = false
            }
            answerEarly(answer, close: !keepsAlive, withoutBody: head.method == .HEAD)
        case .call(var pending):
            pending.keepsAlive = keepsAlive
            pending.isHTTP10 = head.version.minor == 0
            if length > limits.body {
                return answerEarly(reception.tooLarge(pending, limit: limits.body), close: true)
            }
            if head.headers.first(name: "expect")?.lowercased() == "100-continue", let context {
                context.writeAndFlush(
                    wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")), promise: nil)
            }
            state = .collecting(pending, ByteBuffer())
        }
    }

    private func serve(_ pending: PendingCall, _ body: ByteBuffer) {
        let exchange = CallerExchange(self, keepsAlive: pending.keepsAlive, isHTTP10: pending.isHTTP10)
        deadline = .distantFuture
        // The state first: the task may begin, and end, at once.
        state = .serving(exchange, nil)
        let reception = reception
        let task = Task(executorPreference: executor) {
            await reception.serve(pending, body: body, reply: exchange)
            exchange.taskEnded()
        }
        if case .serving(let current, nil) = state, current === exchange { state = .serving(exchange, task) }
    }

    // MARK: Answers out

    private func answerEarly(_ answer: Answer, close: Bool, withoutBody: Bool = false) {
        letGo()
        sendWhole(answer.head, answer.body, close: close, withoutBody: withoutBody)
        // `take` gets the end of the request next, if it is the end.
        state = .swallowing(bytes: 0, thenClose: close)
        deadline = .now() + limits.swallowTimeout
    }

    /// - Parameter withoutBody: the answer to HEAD, which only says how long
    ///   the body would be (RFC 9110 §9.3.2).
    fileprivate func sendWhole(_ head: ResponseHead, _ body: ByteBuffer, close: Bool, withoutBody: Bool = false) {
        guard let context else { return }
        var bytes = ResponseBytes.head(
            head, .length(body.readableBytes), close: close, date: date.now(),
            bodyRoom: min(body.readableBytes, 16 << 10))
        if withoutBody {
            context.write(wrapOutboundOut(bytes), promise: nil)
        } else if body.readableBytes <= 16 << 10 {
            bytes.writeImmutableBuffer(body)
            context.write(wrapOutboundOut(bytes), promise: nil)
        } else {
            context.write(wrapOutboundOut(bytes), promise: nil)
            context.write(wrapOutboundOut(body), promise: nil)
        }
        flushSoon()
    }

    fileprivate func begin(_ head: ResponseHead, _ framing: ResponseBytes.Framing, close: Bool) {
        guard let context else { return }
        // Not flushed: the first piece of the body follows at once.
        context.write(wrapOutboundOut(ResponseBytes.head(head, framing, close: close, date: date.now())), promise: nil)
    }

    fileprivate func sendPiece(_ bytes: ByteBuffer) {
        guard let context else { return }
        context.write(wrapOutboundOut(bytes), promise: nil)
        flushSoon()
    }

    private func flushSoon() {
        guard !isUnflushed else { return }
        isUnflushed = true
        executor.flushSoon(self)
    }

    func flush() {
        isUnflushed = false
        context?.flush()
    }

    /// Returns when the caller has taken enough of what was written.
    fileprivate func untilWritable() async throws {
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
        if context.channel.isWritable { resumeWriter() }
        context.fireChannelWritabilityChanged()
    }

    private func resumeWriter() {
        let continuation = writable
        writable = nil
        continuation?.resume()
    }

    /// The answer is out (or never will be): on to the next request.
    fileprivate func answered(_ exchange: CallerExchange, close: Bool) {
        guard case .serving(let current, _) = state, current === exchange else { return }
        if close || isShuttingDown { return closeWhenSent() }
        becomeIdle()
    }

    private func becomeIdle() {
        state = .idle
        letGo()
        if isShuttingDown { return closeWhenSent() }
        deadline = .now() + limits.idleTimeout
        // What was pipelined is taken until one of it is being served.
        var parts = pipelined
        pipelined = []
        while !parts.isEmpty {
            if case .serving = state {
                pipelined = parts + pipelined
                break
            }
            take(parts.removeFirst())
        }
        if readIsHeld, pipelined.isEmpty {
            readIsHeld = false
            context?.read()
        }
    }

    // MARK: The channel's side

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        schedule()
    }

    func read(context: ChannelHandlerContext) {
        // Reading goes on while a request is served: how else would the
        // caller's leaving be noticed? But not for the sake of more requests.
        if pipelined.isEmpty { context.read() } else { readIsHeld = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .serving = state { return close() }
        if let error = error as? HTTPParserError, case .idle = state {
            let answer = reception.malformed(headersTooLarge: error == .headerOverflow)
            sendWhole(answer.head, answer.body, close: true)
        } else if error is HTTPParserError, case .collecting = state {
            let answer = reception.malformed(headersTooLarge: false)
            sendWhole(answer.head, answer.body, close: true)
        }
        closeWhenSent()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            isShuttingDown = true
            if case .idle = state { close() }
        } else if event is DrainTimeIsOver {
            cutOff()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        ended()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { ended() }

    private func ended() {
        letGo()
        context = nil
        timer?.cancel()
        timer = nil
        pipelined = []
        if case .serving(_, let task) = state { task?.cancel() }
        state = .closing
        resumeWriter()
    }

    /// The request gets to say so to its caller; a caller that reads nothing
    /// is left after a moment.
    private func cutOff() {
        guard case .serving(let exchange, let task) = state else { return close() }
        exchange.isCutOff = true
        task?.cancel()
        resumeWriter()
        context?.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(500)) { [weak self] in self?.close() }
    }

    /// Closing at once would throw away what the caller hasn't taken yet.
    private func closeWhenSent() {
        guard let context else { return }
        state = .closing
        deadline = .now() + limits.writeTimeout
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { _ in self.close() }
    }

    private func close() {
        if case .serving(_, let task) = state { task?.cancel() }
        state = .closing
        if isUnflushed { flush() }
        context?.close(promise: nil)
    }

    // MARK: Time

    private func schedule() {
        guard let context else { return }
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: limits.tick) { [weak self] in
            self?.checkTime()
        }
    }

    private func checkTime() {
        guard NIODeadline.now() >= deadline else { return schedule() }
        if case .collecting(let pending, _) = state {
            let answer = reception.tooSlow(pending)
            sendWhole(answer.head, answer.body, close: true)
        }
        close()
    }
}

/// Fired at a connection when the process won't wait for it any longer.
struct DrainTimeIsOver: Sendable {}

/// The way back to the caller for one request.
// Used by the request's task, on the connection's event loop.
final class CallerExchange: CallerReply, @unchecked Sendable {
    private let connection: CallerConnection
    private let keepsAlive: Bool
    private let isHTTP10: Bool
    private(set) var hasBegun = false
    fileprivate(set) var isCutOff = false
    private var isOver = false

    init(_ connection: CallerConnection, keepsAlive: Bool, isHTTP10: Bool) {
        self.connection = connection
        self.keepsAlive = keepsAlive
        self.isHTTP10 = isHTTP10
    }

    func send(_ head: ResponseHead, body: ByteBuffer) {
        guard !hasBegun, !isOver else { return }
        hasBegun = true
        isOver = true
        connection.sendWhole(head, body, close: !keepsAlive)
        connection.answered(self, close: !keepsAlive)
    }

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

    /// Whoever served the request has returned: an answer that isn't whole
    /// by now never will be.
    func taskEnded() { abort() }
}

/// What one caller's connection may take.
package struct ConnectionLimits: Sendable {
    /// The largest body, in bytes.
    package var body = 32 << 20
    /// All bodies together, in bytes.
    package var bodies = 512 << 20
    /// How much of a body that is already refused is still read.
    package var swallow = 128 << 20
    package var swallowTimeout = TimeAmount.seconds(10)
    /// Between two pieces of a request, and until the first one's head.
    package var requestTimeout = TimeAmount.seconds(30)
    /// Between two requests.
    package var idleTimeout = TimeAmount.seconds(120)
    /// How long a caller may read nothing while there is something to read.
    package var writeTimeout = TimeAmount.seconds(120)
    /// Header fields together, in bytes.
    package var header = 32 << 10
    package var headerCount = 200

    /// How often a connection looks at its deadline.
    package var tick = TimeAmount.seconds(5)

    package init() {}
}
