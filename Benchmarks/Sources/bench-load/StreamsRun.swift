internal import BenchWire
internal import NIOCore

/// The measurements of many concurrent streams, kept by the one event loop that runs them.
final class StreamsRun {
    /// The number of streams that are between their first event and the end of their body.
    private(set) var open = 0
    private(set) var peakOpen = 0
    private(set) var complete = 0
    /// The number of failed streams for each reason.
    private(set) var failures: [String: Int] = [:]
    private(set) var firstEvent: [TimeAmount] = []
    /// Times between two reads that brought numbers, for each number.
    private(set) var gaps: [TimeAmount] = []
    private(set) var numbers = 0

    private let total: Int
    private let allOpen: () -> Void
    private let done: EventLoopPromise<Void>

    /// Calls `allOpen` when `total` streams are open at once, and completes
    /// `done` when each has ended, one way or the other.
    init(_ total: Int, allOpen: @escaping () -> Void, done: EventLoopPromise<Void>) {
        self.total = total
        self.allOpen = allOpen
        self.done = done
    }

    func opened(after time: TimeAmount) {
        self.firstEvent.append(time)
        self.open += 1
        if self.open > self.peakOpen {
            self.peakOpen = self.open
            if self.open == self.total { self.allOpen() }
        }
    }

    func arrived(_ count: Int, gap: TimeAmount?) {
        self.numbers += count
        guard let gap else { return }
        // Numbers that came in one read were held back behind the first of them.
        self.gaps.append(gap)
        for _ in 1..<max(count, 1) { self.gaps.append(.zero) }
    }

    func ended(wasOpen: Bool, failure: String?) {
        if wasOpen { self.open -= 1 }
        if let failure { self.failures[failure, default: 0] += 1 } else { self.complete += 1 }
        if self.complete + self.failures.values.reduce(0, +) == self.total { self.done.succeed() }
    }
}

/// One connection that asks for one stream and reads it to its end.
final class StreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let run: StreamsRun
    private var parser = MessageParser(.response)
    private var reader: StreamReader
    private var sent: NIODeadline?
    private var lastNumber: NIODeadline?
    private var isOpen = false
    private var isFinished = false
    private var context: ChannelHandlerContext?

    init(_ run: StreamsRun, reader: StreamReader) {
        self.run = run
        self.reader = reader
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    /// Asks for the stream; the time to its first event counts from here.
    func start(_ request: ByteBuffer) {
        guard let context = self.context, !self.isFinished else { return }
        self.sent = .now()
        context.writeAndFlush(self.wrapOutboundOut(request), promise: nil)
    }

    /// Gives the stream up where it hasn't ended.
    func abandon(_ reason: String) {
        self.finish(failure: reason)
        self.context?.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.parser.append(self.unwrapInboundIn(data))
        do {
            while !self.isFinished, let part = try self.parser.next() {
                switch part {
                case .head(let head):
                    if head.status != 200 { return self.abandon("status \(head.status)") }
                case .body(let bytes):
                    self.note(try self.reader.consume(bytes))
                case .end:
                    try self.reader.finish()
                    self.finish(failure: nil)
                    context.close(promise: nil)
                }
            }
        } catch let flaw as StreamReader.Flaw {
            self.abandon(flaw.rawValue)
        } catch {
            self.abandon("\(error)")
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.finish(failure: "closed early")
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.abandon("\(error)")
    }

    private func note(_ progress: StreamReader.Progress) {
        let now = NIODeadline.now()
        if !self.isOpen, progress.events > 0, let sent = self.sent {
            self.isOpen = true
            self.run.opened(after: now - sent)
        }
        if progress.numbers > 0 {
            self.run.arrived(progress.numbers, gap: self.lastNumber.map { now - $0 })
            self.lastNumber = now
        }
    }

    private func finish(failure: String?) {
        guard !self.isFinished else { return }
        self.isFinished = true
        self.run.ended(wasOpen: self.isOpen, failure: failure)
    }
}
