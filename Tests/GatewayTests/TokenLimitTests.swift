import Access
import Conversation
import Gateway
import GatewayTesting
import NIOCore
import Testing
import Wire

/// A key's tokens are set aside before the answer, and settled after it.
@Suite struct TokenLimitTests {
    private func trio(_ perMinute: Int, _ script: ReplayLane.Script) -> Trio {
        Trio(script, keys: [TestGateway.record(limits: RateLimits(tokensPerMinute: perMinute))])
    }

    private let began = ContinuousClock.now

    private func left(_ trio: Trio) -> Int { trio.house.principal().remaining(now: began).tokens ?? 0 }

    /// Holds that so many are left, but for what a slow machine's time has given
    /// back of 100,000 a minute.
    private func expectLeft(
        _ range: Range<Int>, _ trio: Trio, _ comment: Comment? = nil, at location: SourceLocation = #_sourceLocation
    ) {
        let left = left(trio)
        let givenBack = Int((ContinuousClock.now - began) / .seconds(60) * 100_000)
        #expect(
            left >= range.lowerBound && left < range.upperBound + givenBack, comment ?? "\(left)",
            sourceLocation: location)
    }

    private func request(most: Int? = nil, stream: Bool = false) -> String {
        let limit = most.map { ",\"max_tokens\":\($0)" } ?? ""
        return "{\"model\":\"to-oa\",\"messages\":[],\"stream\":\(stream)\(limit)}"
    }

    /// A request that its caller can leave.
    private func start(_ trio: Trio, _ body: String) -> Task<Void, Never> {
        let call = trio.house.call(body, door: Speech.openai.dialect)
        let gateway = trio.house.gateway
        return Task(executorPreference: trio.house.executor) { await gateway.serve(call, reply: CollectedReply()) }
    }

    @Test func parallelRequestsTakeNoMoreThanThereIs() async {
        let gate = Watched(false)
        let answer = ByteBuffer(string: Sample.openaiReply)
        let trio = trio(
            10_000, .gated(gate, after: .answer([]), then: [answer]))
        let statuses = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<50 { group.addTask { await trio.serve(request()).status } }
            var statuses: [Int] = []
            while let status = await group.next() {
                statuses.append(status)
                // The refused ones don't wait for the others.
                if statuses.count == 48 { gate.change { $0 = true } }
            }
            return statuses
        }
        #expect(statuses.count { $0 == 200 } == 2)
        #expect(statuses.count { $0 == 429 } == 48)
        #expect(trio.openai.requests.value.count == 2)
    }

    @Test(arguments: [false, true])
    func whatIsNotUsedIsGivenBack(_ stream: Bool) async {
        let script: ReplayLane.Script = stream ? .events([Sample.stream("oa")]) : .json(Sample.openaiReply)
        let trio = trio(100_000, script)
        await trio.serve(request(stream: stream))
        #expect((99_980...100_000).contains(left(trio)), "\(left(trio))")
    }

    @Test func aFailureAndACallerWhoLeavesGiveBack() async {
        for script in [ReplayLane.Script.json("{}", status: 500), .failing(.unreachable("x")), .json("no JSON")] {
            let trio = trio(100_000, script)
            await trio.serve(request())
            #expect(left(trio) >= 99_900, "\(left(trio))")
        }
        let trio = trio(100_000, .silent)
        let serving = start(trio, request())
        while trio.openai.requests.value.isEmpty { await Task.yield() }
        expectLeft(0..<96_500, trio)
        serving.cancel()
        await serving.value
        #expect(left(trio) >= 99_900, "its prompt was worked on: \(left(trio))")
    }

    @Test func whatTheCallerWantsAtMostIsSetAside() async {
        let trio = trio(100_000, .silent)
        let serving = start(trio, request(most: 10_000))
        while trio.openai.requests.value.isEmpty { await Task.yield() }
        expectLeft(95_000..<96_000, trio, "4,096 while nothing is known")
        serving.cancel()
        await serving.value
        let other = self.trio(100_000, .silent)
        let small = start(other, request(most: 100))
        while other.openai.requests.value.isEmpty { await Task.yield() }
        expectLeft(99_800..<99_900, other)
        small.cancel()
        await small.value
    }

    @Test func aRequestLargerThanTheLimitGoesAlone() async {
        let trio = trio(1000, .json(Sample.openaiReply))
        #expect(await trio.serve(request()).status == 200)
        let second = await trio.serve(request())
        #expect(second.status == 429 && second["retry-after"] != nil)
        #expect(second.text.contains("tokens") && second.text.contains("max_tokens"))
        #expect(await trio.serve(request(most: 10)).status == 200)
    }

    // MARK: What is learnt

    @Test func answersAreTakenForWhatTheyWere() {
        let sizes = AnswerSizes()
        for size in 1..<AnswerSizes.fewest {
            sizes.note(size * 10, of: "a")
            #expect(sizes.expected(of: "a") == AnswerSizes.unknown)
        }
        sizes.note(10, of: "a")
        #expect((190...224).contains(sizes.expected(of: "a")))
        #expect(sizes.expected(of: "b") == AnswerSizes.unknown)
    }

    @Test func oldAnswersFade() {
        var counts = SizeCounts()
        for _ in 0..<5000 { counts.add(4000) }
        for _ in 0..<3000 { counts.add(10) }
        #expect(counts.quantile(0.95) < 20)
        #expect(counts.total < 512)
    }

    @Test(arguments: [0, 1, 3, 4, 5, 7, 8, 100, 4096, 1 << 20, 1 << 40, Int.max, -5])
    func anySizeIsCounted(_ size: Int) {
        var counts = SizeCounts()
        counts.add(size)
        #expect(counts.quantile(0.95) >= min(size, 1 << 30))
        if (1...1 << 30).contains(size) { #expect(counts.quantile(0.95) <= size + size / 4) }
    }
}
