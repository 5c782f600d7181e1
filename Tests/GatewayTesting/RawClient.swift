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
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
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
    package static func post(_ path: String, _ body: String, key: String = TestHouse.key, fields: String = "") -> String {
        "POST \(path) HTTP/1.1\r\nhost: x\r\nauthorization: Bearer \(key)\r\n\(fields)"
            + "content-length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    package static func get(_ path: String, key: String? = TestHouse.key, method: String = "GET", fields: String = "") -> String {
        "\(method) \(path) HTTP/1.1\r\nhost: x\r\n" + (key.map { "x-api-key: \($0)\r\n" } ?? "") + "\(fields)\r\n"
    }

    /// Takes the next answer.
    /// - Parameter hasBody: false for the answer to HEAD.
    /// - Throws: ``TimedOut``, or `HTTPProblem`.
    package func answer(hasBody: Bool = true, within limit: Duration = .seconds(10)) async throws -> Answer {
        let start = position.withLock { $0 }
        var taken: (answer: Answer, end: Int)?
        try await eventually(within: limit, "an answer") {
            let isClosed = closed.value != nil
            let bytes = received.value
            taken = try Self.parse(bytes, from: start, hasBody: hasBody, isClosed: isClosed)
            return taken != nil
        }
        position.withLock { $0 = taken!.end }
        return taken!.answer
    }

    private static func parse(
        _ bytes: ByteBuffer, from start: Int, hasBody: Bool, isClosed: Bool
    ) throws -> (Answer, Int)? {
        var parser = HTTPResponseParser()
        var answer: Answer?
        var body = ByteBuffer()
        // One by one, so that nothing of the next answer is swallowed; a
        // body of known length at once.
        var index = bytes.readerIndex + start
        while index < bytes.writerIndex {
            let known = answer?.head.fields["content-length"].flatMap { Int($0) }
            let count = known.map { min(max(1, $0 - body.readableBytes), bytes.writerIndex - index) } ?? 1
            parser.feed(bytes.getSlice(at: index, length: count)!)
            index += count
            while let event = try parser.next() {
                switch event {
                case .head(let head):
                    answer = Answer(head: head, body: ByteBuffer(), isReusable: true)
                    if !hasBody { return (answer!, index - bytes.readerIndex) }
                case .body(let piece): body.writeImmutableBuffer(piece)
                case .end(let reusable):
                    answer!.body = body
                    answer!.isReusable = reusable
                    return (answer!, index - bytes.readerIndex)
                }
            }
        }
        guard isClosed else { return nil }
        if case .end? = try parser.finish(), var answer {
            answer.body = body
            answer.isReusable = false
            return (answer, index - bytes.readerIndex)
        }
        throw HTTPProblem("the connection ended before an answer")
    }

    /// Whether all that came has been taken.
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
