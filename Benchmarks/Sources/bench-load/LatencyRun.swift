internal import BenchWire
internal import NIOCore

/// The server did what no measurement can be made of.
struct LoadError: Error, CustomStringConvertible {
    var description: String
}

/// One connection that sends a request when the answer to the last has come whole.
final class LatencyHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let request: ByteBuffer
    private let warmup: Int
    private let requests: Int
    private let done: EventLoopPromise<[TimeAmount]>
    private var parser = MessageParser(.response)
    private var answered = 0
    private var samples: [TimeAmount] = []
    private var sent = NIODeadline.now()

    /// Sends `warmup` requests that don't count, then `requests` that do.
    init(_ request: ByteBuffer, warmup: Int, requests: Int, done: EventLoopPromise<[TimeAmount]>) {
        self.request = request
        self.warmup = warmup
        self.requests = requests
        self.done = done
        self.samples.reserveCapacity(requests)
    }

    func channelActive(context: ChannelHandlerContext) {
        self.send(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.parser.append(self.unwrapInboundIn(data))
        do {
            while let part = try self.parser.next() {
                switch part {
                case .head(let head) where head.status != 200:
                    throw LoadError(description: "answer \(self.answered) has status \(head.status)")
                case .head(let head) where !head.keepAlive:
                    throw LoadError(description: "answer \(self.answered) closes the connection")
                case .end:
                    self.finishOne(context)
                case .head, .body:
                    break
                }
            }
        } catch {
            self.done.fail(error)
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.done.fail(LoadError(description: "closed after \(self.answered) answers"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.done.fail(error)
        context.close(promise: nil)
    }

    private func send(_ context: ChannelHandlerContext) {
        self.sent = .now()
        context.writeAndFlush(self.wrapOutboundOut(self.request), promise: nil)
    }

    private func finishOne(_ context: ChannelHandlerContext) {
        let took = NIODeadline.now() - self.sent
        self.answered += 1
        if self.answered > self.warmup { self.samples.append(took) }
        if self.samples.count == self.requests {
            self.done.succeed(self.samples)
            context.close(promise: nil)
        } else {
            self.send(context)
        }
    }
}
