import Gateway
import NIOCore
import NIOHTTP1
import NIOSSL
import Wire

/// The objects that a connection uses: those that all connections of a listener
/// share, and those that belong to its event loop.
struct ConnectionSurroundings {
    let reception: any RequestAdmission
    let limits: ConnectionLimits
    let bodies: BodyBudget
    let unread: UnreadAnswers
    let executor: EventLoopTaskExecutor
    let date: DateField
}

/// One caller's connection: requests come in, one at a time is served, in a
/// task of its own on the connection's event loop.
///
/// Hummingbird accepts the connection, secures it and shuts it down; its own
/// request handling would not notice a caller who leaves while no one reads
/// or writes (its issue 618), so the part from bytes to task is here. The
/// caller gone means the task cancelled, at once.
///
/// ``RequestGate`` lets the next request through once this one's answer has
/// been taken; what goes out stands in `CallerConnection+Answers.swift`, and
/// what time ends in `CallerConnection+Time.swift`.
// Touched on its event loop only.
final class CallerConnection: ChannelDuplexHandler, Flushable, @unchecked Sendable {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum State {
        /// Between two requests.
        case idle
        /// A head is under way, or the first one is waited for.
        case beginning
        case collecting(Collecting)
        /// An answer is under way, the request has been read.
        case serving(CallerExchange, Task<Void, Never>?)
        /// Answered before the request was read: the rest of it is swallowed
        /// so that the caller gets to read the answer.
        case swallowing(bytes: Int, thenClose: Bool)
        case closing
    }

    /// A request whose body comes in.
    struct Collecting {
        enum Request {
            case pending(any PendingRequest)
            case unproven(any UnprovenRequest)
        }

        var request: Request
        var keepsAlive: Bool
        var isHTTP10: Bool
        /// The answer has no body (RFC 9110 §9.3.2).
        var isHead: Bool
    }

    /// The body of the request at hand. Not in the state: whatever else held
    /// it would make each piece that is added copy it.
    struct IncomingBody {
        var bytes = ByteBuffer()
        /// The bytes that the body takes of the bodies' budget, also while the
        /// request is served.
        var budgeted = 0
        /// The bytes that have come since the last check of the rate.
        var sinceLook = 0
        /// The request that the body has still to prove.
        var unproven: (any UnprovenRequest)?
    }

    let surroundings: ConnectionSurroundings
    var incoming = IncomingBody()
    var context: ChannelHandlerContext?
    /// The one in front of it; nil before it is there, and once it has gone.
    // Not weak, and no closure holds the connection weakly: each retain of an
    // object that ever was held so takes a slower way. The gate lets go when it
    // is removed, and so does all else at the connection's end.
    var gate: RequestGate?
    /// The bytes that the caller hasn't taken; nil outside of a pipeline.
    private(set) var outgoing: OutgoingBytes?

    var state = State.beginning
    /// Requests whose end has come.
    private(set) var requestsRead = 0
    var isShuttingDown = false
    var deadline: NIODeadline
    var timer: Scheduled<Void>?
    var writable: UnsafeContinuation<Void, Never>?
    var isUnflushed = false

    init(_ surroundings: ConnectionSurroundings) {
        self.surroundings = surroundings
        deadline = .now() + surroundings.limits.requestTimeout
    }

    var limits: ConnectionLimits { surroundings.limits }
    private var reception: any RequestAdmission { surroundings.reception }

    // MARK: What the gate asks

    var isClosing: Bool { if case .closing = state { true } else { false } }

    /// Tells whether the next request may begin: the last one's answer is out, and
    /// taken but for a little.
    var takesNextRequest: Bool {
        switch state {
        case .idle, .beginning: context?.channel.isWritable ?? false
        default: false
        }
    }

    /// Tells whether reading goes on between two requests.
    var mayReadOn: Bool {
        switch state {
        case .idle, .beginning: context?.channel.isWritable ?? false
        default: true
        }
    }

    /// Of a request's head some has come, and not all.
    func headIsUnfinished() {
        guard case .idle = state else { return }
        state = .beginning
        deadline = .now() + limits.requestTimeout
    }

    /// Refuses bytes that are not a request with one certain meaning.
    func refuseMalformed(headersTooLarge: Bool = false) {
        switch state {
        case .idle, .beginning, .collecting:
            let answer = reception.malformed(headersTooLarge: headersTooLarge)
            sendWhole(answer.head, answer.body, close: true)
            closeWhenSent()
        case .serving: close()
        case .swallowing: closeWhenSent()
        case .closing: break
        }
    }

    // MARK: Requests in

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        // The gate keeps back what follows: this is no part of a request.
        if case .serving = state { return close() }
        switch part {
        case .head(let head):
            switch state {
            case .idle, .beginning: begin(head)
            default: break
            }
        case .body(let bytes): take(bytes)
        case .end: end()
        }
    }

    private func take(_ bytes: ByteBuffer) {
        switch state {
        case .collecting(let collecting): add(bytes, of: collecting)
        case .swallowing(let swallowed, let thenClose):
            let swallowed = swallowed + bytes.readableBytes
            if swallowed > limits.swallow { return close() }
            state = .swallowing(bytes: swallowed, thenClose: thenClose)
        default: break
        }
    }

    private func end() {
        requestsRead &+= 1
        switch state {
        case .collecting(let collecting): conclude(collecting)
        case .swallowing(_, let thenClose): if thenClose { closeWhenSent() } else { becomeIdle() }
        default: break
        }
    }

    private func begin(_ head: HTTPRequestHead) {
        deadline = .now() + limits.requestTimeout
        let length = head.headers.first(name: "content-length").flatMap(Int.init) ?? 0

        // After CONNECT the decoder reads nothing any more.
        var keepsAlive = head.isKeepAlive && !isShuttingDown && head.method != .CONNECT
        guard let context else { return }
        switch reception.receive(head, from: ConnectionPeer(context.channel), on: surroundings.executor) {
        case .answer(let answer):
            // A long body isn't worth reading for the connection's sake, and
            // whoever asks before sending one may not send it now.
            if length > 64 << 10 || head.headers.contains(name: "transfer-encoding")
                || head.headers.contains(name: "expect")
            {
                keepsAlive = false
            }
            answerEarly(answer, close: !keepsAlive, withoutBody: head.method == .HEAD)
        case .call(let request): collect(.pending(request), head, length, keepsAlive)
        case .unproven(let request): collect(.unproven(request), head, length, keepsAlive)
        }
    }

    private func collect(_ request: Collecting.Request, _ head: HTTPRequestHead, _ length: Int, _ keepsAlive: Bool) {
        if length > limits.body {
            return answerEarly(request.refusal(.tooLarge(limit: limits.body)), close: true)
        }
        if head.headers.first(name: "expect")?.lowercased() == "100-continue" {
            write(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n"))
            flushSoon()
        }
        if case .unproven(let request) = request { incoming.unproven = request }
        state = .collecting(
            Collecting(
                request: request, keepsAlive: keepsAlive, isHTTP10: head.version.minor == 0,
                isHead: head.method == .HEAD))
    }

    private func add(_ bytes: ByteBuffer, of collecting: Collecting) {
        let request = collecting.request
        incoming.sinceLook += bytes.readableBytes
        if incoming.bytes.readableBytes == 0 {
            incoming.bytes = bytes
        } else {
            incoming.bytes.writeImmutableBuffer(bytes)
        }
        let size = incoming.bytes.readableBytes
        if size > limits.body {
            answerEarly(request.refusal(.tooLarge(limit: limits.body)), close: true)
        } else if !hold(size) {
            answerEarly(request.refusal(.overfull), close: true)
        } else if let fault = incoming.unproven?.take(bytes) {
            answerEarly(request.refusal(fault), close: true)
        }
    }

    /// Takes what a body of that size needs of the budget.
    private func hold(_ size: Int) -> Bool {
        guard size > BodyBudget.free else { return true }
        guard surroundings.bodies.take(size - incoming.budgeted) else { return false }
        incoming.budgeted = size
        return true
    }

    /// The body isn't needed any more.
    func letGo() {
        if incoming.budgeted > 0 { surroundings.bodies.giveBack(incoming.budgeted) }
        incoming.unproven?.letGo()
        incoming = IncomingBody()
    }

    /// The request is whole.
    private func conclude(_ collecting: Collecting) {
        switch collecting.request {
        case .pending(let request): serve(request, collecting)
        case .unproven(let request):
            switch request.prove() {
            case .proven(let proven):
                incoming.unproven = nil
                request.letGo()
                serve(proven, collecting)
            case .refused(let answer):
                answerEarly(answer, close: !collecting.keepsAlive, withoutBody: collecting.isHead)
                if collecting.keepsAlive { becomeIdle() } else { closeWhenSent() }
            }
        }
    }

    private func serve(_ request: any PendingRequest, _ collecting: Collecting) {
        let exchange = CallerExchange(self, collecting)
        deadline = .distantFuture
        // The state first: the task may begin, and end, at once.
        state = .serving(exchange, nil)
        let body = incoming.bytes
        incoming.bytes = ByteBuffer()
        let task = Task(executorPreference: surroundings.executor) {
            await request.serve(body: body, reply: exchange)
            exchange.taskEnded()
        }
        if case .serving(let current, nil) = state, current === exchange { state = .serving(exchange, task) }
    }

    private func answerEarly(_ answer: Answer, close: Bool, withoutBody: Bool = false) {
        letGo()
        var answer = answer
        if !withoutBody, answer.body.readableBytes > UnreadAnswers.free,
            !makeRoom(for: answer.body.readableBytes)
        {
            answer = reception.crowded()
        }
        sendWhole(answer.head, answer.body, close: close, withoutBody: withoutBody)
        // The end of the request comes next, if it is the end.
        state = .swallowing(bytes: 0, thenClose: close)
        deadline = .now() + limits.swallowTimeout
    }

    // MARK: The channel's side

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let eventLoop = context.eventLoop
        let isSecured = (try? context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)) != nil
        outgoing = OutgoingBytes(SocketOutlet(context, isPlain: !isSecured), surroundings.unread) {
            eventLoop.execute { self.giveUp() }
        }
        schedule()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else {
            if case .serving = state { return close() }
            return closeWhenSent()
        }
        refuseMalformed(headersTooLarge: error == .headerOverflow)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            isShuttingDown = true
            switch state {
            case .idle, .beginning: closeWhenSent()
            default: break
            }
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
        outgoing?.release()
        outgoing?.tellAll()
        outgoing = nil
        context = nil
        timer?.cancel()
        timer = nil
        if case .serving(_, let task) = state { task?.cancel() }
        state = .closing
        resumeWriter()
    }
}

extension CallerConnection.Collecting.Request {
    /// The answer where its body isn't taken.
    func refusal(_ fault: BodyFault) -> Answer {
        switch self {
        case .pending(let request): request.refusal(fault)
        case .unproven(let request): request.refusal(fault)
        }
    }
}

/// Fired at a connection when the process won't wait for it any longer.
struct DrainTimeIsOver: Sendable {}
