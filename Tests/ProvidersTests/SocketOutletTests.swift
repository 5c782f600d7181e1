import Gateway
import Glibc
import NIOCore
import NIOPosix
import Seeded
import Testing

/// The way of bytes into a socket, over real ones whose kernel takes little at
/// a time.
@Suite struct SocketOutletTests {
    /// Counts the bytes that go through the channel.
    private final class Passage: ChannelDuplexHandler, @unchecked Sendable {
        typealias InboundIn = ByteBuffer
        typealias OutboundIn = ByteBuffer
        var outlet: SocketOutlet?
        var passed = 0
        private let isPlain: Bool

        init(isPlain: Bool) { self.isPlain = isPlain }

        func channelActive(context: ChannelHandlerContext) {
            outlet = SocketOutlet(context, isPlain: isPlain)
            context.fireChannelActive()
        }
    }

    /// Stands between the outlet and the socket.
    private final class Counter: ChannelOutboundHandler, @unchecked Sendable {
        typealias OutboundIn = ByteBuffer
        var bytes = 0

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            bytes += unwrapOutboundIn(data).readableBytes
            context.write(data, promise: promise)
        }
    }

    /// A connected pair: the channel with the outlet, and the peer's socket.
    private struct Pair {
        let channel: any Channel
        let peer: CInt
        private let passage: NIOLoopBound<Passage>
        private let counter: NIOLoopBound<Counter>

        init(isPlain: Bool = true) async throws {
            var ends: [CInt] = [0, 0]
            try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
            var size: CInt = 8 << 10
            setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<CInt>.size))
            peer = ends[1]
            let made = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandlers([Counter(), Passage(isPlain: isPlain)])
                    }
                }.withConnectedSocket(ends[0]).get()
            channel = made
            (passage, counter) = try await made.eventLoop.submit {
                let pipeline = made.pipeline.syncOperations
                return (
                    NIOLoopBound(try pipeline.handler(type: Passage.self), eventLoop: made.eventLoop),
                    NIOLoopBound(try pipeline.handler(type: Counter.self), eventLoop: made.eventLoop)
                )
            }.get()
        }

        /// Runs on the channel's event loop.
        func onLoop<T: Sendable>(_ body: @escaping @Sendable (SocketOutlet) throws -> T) async throws -> T {
            try await channel.eventLoop.submit { try body(#require(passage.value.outlet)) }.get()
        }

        /// The number of bytes that went through the channel's handlers.
        var queued: Int {
            get async throws { try await channel.eventLoop.submit { counter.value.bytes }.get() }
        }

        /// Reads what is there, up to a number of bytes.
        func read(_ most: Int) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: most)
            let count = recv(peer, &bytes, most, CInt(MSG_DONTWAIT))
            return Array(bytes.prefix(max(0, count)))
        }

        func end() async {
            Glibc.close(peer)
            try? await channel.close()
        }
    }

    @Test func everyByteComesOnceAndInItsOrder() async throws {
        let seed = UInt64.random(in: .min ... .max)
        for round in 0..<24 {
            let isPlain = round % 4 != 3
            let pair = try await Pair(isPlain: isPlain)
            var generator = SplitMix(seed: seed &+ UInt64(round))
            var (sent, heard) = ([UInt8](), [UInt8]())
            for _ in 0..<120 {
                // Most pieces are small, as a stream's are.
                let length = Int.random(in: 1...(Bool.random(using: &generator) ? 200 : 40_000), using: &generator)
                let bytes = (0..<length).map { UInt8(truncatingIfNeeded: sent.count &+ $0 &* 31) }
                let flushes = Int.random(in: 0..<3, using: &generator) > 0
                sent += bytes
                let waiting = try await pair.onLoop { outlet in
                    outlet.write(ByteBuffer(bytes: bytes))
                    if flushes { outlet.flush() }
                    return outlet.waiting
                }
                #expect(waiting <= sent.count - heard.count, "seed \(seed) round \(round)")
                if Bool.random(using: &generator) {
                    heard += pair.read(Int.random(in: 1...30_000, using: &generator))
                }
            }
            while heard.count < sent.count {
                try await pair.onLoop { $0.flush() }
                heard += pair.read(64 << 10)
            }
            #expect(heard == sent, "seed \(seed) round \(round)")
            #expect(try await pair.onLoop { $0.waiting } == 0, "seed \(seed) round \(round)")
            if !isPlain { #expect(try await pair.queued == sent.count, "seed \(seed) round \(round)") }
            await pair.end()
        }
    }

    @Test func piecesThatTheKernelTakesDontTouchTheChannel() async throws {
        let pair = try await Pair()
        for number in 0..<50 {
            let bytes = ByteBuffer(string: "piece \(number)")
            let waiting = try await pair.onLoop { outlet in
                outlet.write(bytes)
                outlet.write(bytes)
                let before = outlet.waiting
                outlet.flush()
                return [before, outlet.waiting]
            }
            #expect(waiting == [2 * bytes.readableBytes, 0])
            #expect(pair.read(100) == Array(bytes.readableBytesView) + Array(bytes.readableBytesView))
        }
        #expect(try await pair.queued == 0)
        await pair.end()
    }

    @Test func aCallerThatHasLeftEndsTheChannel() async throws {
        let pair = try await Pair()
        Glibc.close(pair.peer)
        // The first write may come before the channel has seen the end.
        try? await pair.onLoop { outlet in
            outlet.write(ByteBuffer(string: "nobody reads this"))
            outlet.flush()
        }
        try await pair.channel.closeFuture.get()
    }

    /// The number of a closed socket is soon another connection's.
    @Test func nothingIsWrittenOnceTheChannelHasEnded() async throws {
        let pair = try await Pair()
        let outlet = try await pair.onLoop { NIOLoopBound($0, eventLoop: pair.channel.eventLoop) }
        try await pair.channel.close()
        let others = try await withThrowingTaskGroup(of: Pair.self) { group in
            for _ in 0..<8 { group.addTask { try await Pair() } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        try await pair.channel.eventLoop.submit {
            outlet.value.write(ByteBuffer(string: "another caller's words"))
            outlet.value.flush()
        }.get()
        for other in others {
            #expect(other.read(100).isEmpty)
            await other.end()
        }
        Glibc.close(pair.peer)
    }
}
