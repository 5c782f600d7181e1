import Gateway
import NIOCore
import Testing

@Suite struct RefusalSampleTests {
    private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    @Test func refusalsAreToldOfBySample() {
        var sample = RefusalSample(most: 3, period: .seconds(60))
        let logged = (0..<1000).map { _ in sample.note("invalid_api_key", now: Self.start).isLogged }
        #expect(logged.filter { $0 }.count == 3 && logged.prefix(3).allSatisfy { $0 })
        // Another reason has a count of its own.
        #expect(sample.note("unknown_url", now: Self.start).isLogged)
        #expect(sample.summaries(now: Self.start + .seconds(59)) == [])
        let later = sample.note("invalid_api_key", now: Self.start + .seconds(61))
        #expect(later.isLogged)
        #expect(later.summary == .init(reason: "invalid_api_key", count: 997, period: .seconds(61)))
        // What was told of is not told of again, and all else in time.
        for _ in 0..<5 { _ = sample.note("invalid_api_key", now: Self.start + .seconds(62)) }
        #expect(
            sample.summaries(now: Self.start + .seconds(125))
                == [.init(reason: "invalid_api_key", count: 3, period: .seconds(64))])
        #expect(sample.summaries(now: Self.start + .seconds(500)) == [])
    }

    @Test func reasonsThatNobodyKnowsShareOneCount() {
        var sample = RefusalSample(most: 2)
        let logged = (0..<10_000).filter { sample.note("made up \($0)", now: Self.start).isLogged }
        #expect(logged.count <= 64 + 2)
    }
}
