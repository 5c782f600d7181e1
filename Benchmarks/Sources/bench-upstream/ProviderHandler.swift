internal import BenchWire
internal import NIOCore

/// The options from the mock provider's command line.
struct ProviderOptions: Sendable {
    var events: Int
    var interval: TimeAmount
    var openai: Answers
    var anthropic: Answers

    init(events: Int, interval: TimeAmount) {
        self.events = events
        self.interval = interval
        self.openai = Answers(.openai, events: events)
        self.anthropic = Answers(.anthropic, events: events)
    }
}

/// One connection of the mock provider: bytes in, bytes out, no HTTP library.
///
/// Serves one request at a time; one that comes while a stream is running
/// waits in the parser. Everything happens on the connection's event loop.
final class ProviderHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let options: ProviderOptions
    private var parser = MessageParser(.request)
    private var head: MessageHead?
    private var body = ByteBuffer()
    private var stream: Stream?
    private var context: ChannelHandlerContext?

    /// A streamed answer on its way.
    private struct Stream {
        var answers: Answers
        var withUsage: Bool
        var keepAlive: Bool
        var started: NIODeadline
        var next = 0
        var timer: Scheduled<Void>?
    }

    init(_ options: ProviderOptions) {
        self.options = options
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.stream?.timer?.cancel()
        self.stream = nil
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.stream?.timer?.cancel()
        self.stream = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.parser.append(self.unwrapInboundIn(data))
        self.serve(context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func serve(_ context: ChannelHandlerContext) {
        do {
            while self.stream == nil, let part = try self.parser.next() {
                switch part {
                case .head(let head):
                    self.head = head
                    self.body.clear()
                case .body(let slice):
                    if self.body.readableBytes == 0 {
                        self.body = slice
                    } else {
                        self.body.writeImmutableBuffer(slice)
                    }
                case .end:
                    guard let head = self.head else { continue }
                    self.answer(head, context)
                }
            }
        } catch {
            context.writeAndFlush(
                self.wrapOutboundOut(Answers.response(#"{"error":"malformed"}"#, status: "400 Bad Request")),
                promise: nil
            )
            context.close(promise: nil)
        }
    }

    private func answer(_ head: MessageHead, _ context: ChannelHandlerContext) {
        let answers: Answers
        if head.begins(with: "POST /v1/chat/completions") {
            answers = self.options.openai
        } else if head.begins(with: "POST /v1/messages") {
            answers = self.options.anthropic
        } else {
            return self.send(self.other(head), keepAlive: head.keepAlive, context)
        }
        guard self.body.jsonFlag("\"stream\"") else {
            return self.send(answers.plain, keepAlive: head.keepAlive, context)
        }
        self.stream = Stream(
            answers: answers,
            withUsage: self.body.jsonFlag("\"include_usage\""),
            keepAlive: head.keepAlive,
            started: .now()
        )
        context.write(self.wrapOutboundOut(answers.streamOpening), promise: nil)
        self.tick()
    }

    private func send(_ bytes: ByteBuffer, keepAlive: Bool, _ context: ChannelHandlerContext) {
        context.writeAndFlush(self.wrapOutboundOut(bytes), promise: nil)
        if !keepAlive { context.close(promise: nil) }
    }

    /// Routers probe a worker before they send it anything; these are the calls they probe with.
    private func other(_ head: MessageHead) -> ByteBuffer {
        if head.begins(with: "GET /health") { return Answers.response(#"{"status":"ok"}"#) }
        if head.begins(with: "GET /v1/models") {
            return Answers.response(
                #"{"object":"list","data":[{"id":"bench","object":"model","created":1750000000,"owned_by":"bench"}]}"#
            )
        }
        return Answers.response(#"{"error":{"message":"no such path"}}"#, status: "404 Not Found")
    }

    /// Sends the event that is due and sets the timer for the next.
    ///
    /// Times count from the stream's start, so that a late event doesn't make
    /// every later one late.
    private func tick() {
        guard let context = self.context, var stream = self.stream else { return }
        if stream.next < self.options.events {
            let event = stream.answers.content(stream.next, allocator: context.channel.allocator)
            context.writeAndFlush(self.wrapOutboundOut(event), promise: nil)
            stream.next += 1
        }
        if stream.next == self.options.events {
            self.stream = nil
            self.send(stream.answers.streamClosing(withUsage: stream.withUsage), keepAlive: stream.keepAlive, context)
            if stream.keepAlive { self.serve(context) }
            return
        }
        let due = stream.started + self.options.interval * stream.next
        stream.timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: due) { self.tick() }
        self.stream = stream
    }
}
