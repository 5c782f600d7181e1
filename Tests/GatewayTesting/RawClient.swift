import Foundation
package import NIOCore
import NIOPosix
import Synchronization
package import Wire

/// A caller that says exactly the bytes it is told to say.
package final class RawClient: Sendable {
    package struct Answer: Sendable {
        package var head: ResponseHead
        package var body: ByteBuffer
        package var isReusable: Bool
        package var status: Int { head.status }
        package var text: String { String(buffer: body) }
        package subscript(field: String) -> String? { head.fields[field] }
    }

    /// All that has come, answers that were taken included.
    package let received: Watched<ByteBuffer>
    /// When the server closed the connection.
    package let closed: Watched<ContinuousClock.Instant?>
    private let position = Mutex(0)
    private let channel: any Channel

    private init(_ channel: any Channel, _ ear: Ear) {
        self.channel = channel
        received = ear.received
        closed = ear.closed
    }

    private final class Ear: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let received = Watched(ByteBuffer())
        let closed = Watched<ContinuousClock.Instant?>(nil)

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            received.change { _ = $0.writeImmutableBuffer(bytes) }
        }

        func channelInactive(context: ChannelHandlerContext) { closed.change { $0 = .now } }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    package static func connect(to port: Int) async throws -> RawClient {
        let ear = Ear()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(ear) }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return RawClient(channel, ear)
    }

    /// Runs a client for as long as `body` runs.
    package static func with<T>(_ port: Int, _ body: (RawClient) async throws -> T) async throws -> T {
        let client = try await connect(to: port)
        let result: Result<T, any Error>
        do { result = .success(try await body(client)) } catch { result = .failure(error) }
        await client.close()
        return try result.get()
    }

    /// Returns when the bytes have been handed to the kernel; never fails:
    /// what a server does with them shows in the answers.
    package func send(_ text: String) async { await send(ByteBuffer(string: text)) }
    package func send(_ bytes: ByteBuffer) async { try? await channel.writeAndFlush(bytes).get() }

    /// Hands the bytes over without waiting: for those that nobody takes.
    package func push(_ text: String) { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }

    /// A complete POST with a JSON body.
    package static func post(_ path: String, _ body: String, key: String = TestGateway.key, fields: String = "")
        -> String
    {
        "POST \(path) HTTP/1.1\r\nhost: x\r\nauthorization: Bearer \(key)\r\n\(fields)"
            + "content-length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    package static func get(_ path: String, key: String? = TestGateway.key, method: String = "GET", fields: String = "")
        -> String
    {
        "\(method) \(path) HTTP/1.1\r\nhost: x\r\n" + (key.map { "x-api-key: \($0)\r\n" } ?? "") + "\(fields)\r\n"
    }

    /// Takes the next answer.
    /// - Parameter hasBody: false for the answer to HEAD.
    /// - Throws: ``TimedOut``, or `HTTPProblem`.
    package func answer(hasBody: Bool = true) async throws -> Answer {
        var reading = Reading(from: position.withLock { $0 }, hasBody: hasBody)
        try await eventually("an answer") {
            // First, or what comes in between is missed.
            let isClosed = closed.value != nil
            return try reading.read(received.value, isClosed: isClosed)
        }
        position.withLock { $0 = reading.position }
        return reading.answer!
    }

    /// Reads one answer out of all that has come.
    private struct Reading {
        var position: Int
        let hasBody: Bool
        var answer: Answer?
        private var parser = HTTPResponseParser()

        init(from position: Int, hasBody: Bool) {
            self.position = position
            self.hasBody = hasBody
        }

        /// - Returns: True when the answer is whole.
        mutating func read(_ bytes: ByteBuffer, isClosed: Bool) throws -> Bool {
            while position < bytes.readableBytes {
                let count = step(bytes.readableBytes - position)
                parser.feed(bytes.getSlice(at: bytes.readerIndex + position, length: count)!)
                position += count
                while let event = try parser.next() {
                    switch event {
                    case .head(let head):
                        answer = Answer(head: head, body: ByteBuffer(), isReusable: true)
                        if !hasBody { return true }
                    case .body(let piece): answer!.body.writeImmutableBuffer(piece)
                    case .end(let reusable):
                        answer!.isReusable = reusable
                        return true
                    }
                }
            }
            guard isClosed else { return false }
            guard case .end? = try parser.finish() else { throw HTTPProblem("the connection ended before an answer") }
            answer!.isReusable = false
            return true
        }

        /// One by one, so that nothing of the next answer is swallowed; a
        /// body of known length, or without one, at once.
        private func step(_ available: Int) -> Int {
            guard let answer else { return 1 }
            if let length = answer.head.fields["content-length"].flatMap({ Int($0) }) {
                return max(1, min(length - answer.body.readableBytes, available))
            }
            return answer.head.fields["transfer-encoding"] == nil ? available : 1
        }
    }

    /// True when all bytes that came have been taken.
    package var isDrained: Bool { received.value.readableBytes == position.withLock { $0 } }

    /// Stops listening: what the server says stays in the kernels.
    package func stopReading() async throws { try await channel.setOption(.autoRead, value: false).get() }
    package func goOnReading() async throws { try await channel.setOption(.autoRead, value: true).get() }

    package func close() async { try? await channel.close() }

    /// Leaves without a word: the server gets a reset.
    package func vanish() async {
        try? await (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        try? await channel.close()
    }
}
