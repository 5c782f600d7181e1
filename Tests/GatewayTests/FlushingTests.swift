import Gateway
import NIOEmbedded
import Testing

@Suite struct FlushingTests {
    private final class Connection: Flushable {
        var flushes = 0
        var whenFlushed: () -> Void = {}
        func flush() {
            flushes += 1
            whenFlushed()
        }
    }

    private let loop = EmbeddedEventLoop()

    @Test func whatIsWrittenGoesOutBehindWhatIsDue() {
        let executor = EventLoopTaskExecutor(loop)
        let (one, other) = (Connection(), Connection())
        var atTheTask: Int?
        loop.execute { executor.flushSoon(one) }
        loop.execute {
            atTheTask = one.flushes
            executor.flushSoon(other)
        }
        loop.run()
        #expect(atTheTask == 0)
        #expect((one.flushes, other.flushes) == (1, 1))
    }

    @Test func manyDontWaitForEachOther() {
        let executor = EventLoopTaskExecutor(loop)
        let many = (0..<EventLoopTaskExecutor.flushedAtOnce + 1).map { _ in Connection() }
        for connection in many.dropLast(2) { executor.flushSoon(connection) }
        #expect(many.allSatisfy { $0.flushes == 0 })
        executor.flushSoon(many[many.count - 2])
        #expect(many.dropLast().allSatisfy { $0.flushes == 1 })
        executor.flushSoon(many.last!)
        #expect(many.last!.flushes == 0)
        loop.run()
        #expect(many.allSatisfy { $0.flushes == 1 })
    }

    /// A flush that has another connection written to, or its own again.
    @Test func whatAFlushWritesGoesOutToo() {
        let executor = EventLoopTaskExecutor(loop)
        let (one, other) = (Connection(), Connection())
        one.whenFlushed = {
            one.whenFlushed = {}
            executor.flushSoon(other)
            executor.flushSoon(one)
        }
        executor.flushSoon(one)
        loop.run()
        #expect((one.flushes, other.flushes) == (2, 1))
    }
}
