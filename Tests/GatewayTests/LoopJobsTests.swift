import Gateway
import GatewayTesting
import NIOEmbedded
import Testing

/// The jobs of tasks that run on an event loop.
@Suite struct LoopJobsTests {
    private let loop = EmbeddedEventLoop()

    @Test("jobs run in their order, and those that come meanwhile have a turn of their own")
    func order() {
        let executor = EventLoopTaskExecutor(loop)
        let seen = Watched<[String]>([])
        for name in ["a", "b", "c"] {
            Task(executorPreference: executor) {
                seen.change { $0.append("\(name)1") }
                await Task.yield()
                seen.change { $0.append("\(name)2") }
            }
        }
        // Behind the first jobs, which came before it; in front of the others.
        loop.execute { seen.change { $0.append("due") } }
        #expect(seen.value == [])
        loop.run()
        #expect(seen.value == ["a1", "b1", "c1", "due", "a2", "b2", "c2"])
    }

    @Test("what jobs write is flushed once, behind all jobs of their turn")
    func flushing() {
        // Touched on the loop only.
        final class Connection: Flushable, @unchecked Sendable {
            var flushes: [Int] = []
            var written = 0
            func flush() { flushes.append(written) }
        }
        let executor = EventLoopTaskExecutor(loop)
        let connection = Connection()
        for _ in 0..<5 {
            Task(executorPreference: executor) {
                connection.written += 1
                if connection.written == 1 { executor.flushSoon(connection) }
            }
        }
        loop.run()
        #expect(connection.flushes == [5])
    }
}
