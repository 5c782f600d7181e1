import Gateway
import NIOCore
import NIOEmbedded
import Testing

@Suite struct TurnTests {
    @Test func anEventLoopReadsAMebibyteATurn() {
        let loop = EmbeddedEventLoop()
        let executor = EventLoopTaskExecutor(loop)
        for _ in 0..<3 {
            // Small bodies aren't counted.
            for _ in 0..<100 { #expect(executor.mayRead(32 << 10)) }
            var read = 0
            for size in Array(repeating: 200 << 10, count: 20) where executor.mayRead(size) { read += size }
            #expect(read == 5 * (200 << 10))
            #expect(!executor.mayRead((1 << 20) + 1))
            loop.advanceTime(by: .milliseconds(1))
        }
        #expect(executor.mayRead(1 << 20))
        #expect(!executor.mayRead(33 << 10))
        #expect(executor.mostReadInATurn == HeavyReading.mostInATurn)
    }
}
