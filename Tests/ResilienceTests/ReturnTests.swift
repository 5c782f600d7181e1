import Seeded
import Failures
import Resilience
import Testing

/// The return of candidates on routes that don't rely on them at once.
@Suite struct ReturnTests {
    private let bench = Bench()
    private let place = Bench.place()

    private func exhaustAndProbe() throws {
        let first = try #require(bench.fail(.exhausted, .credential)?.probes.first)
        _ = bench.book.probed(first, Bench.refusal(.exhausted, .credential), now: bench.now)
        bench.tick += .seconds(61)
        let order = try #require(bench.book.dueProbes(now: bench.now).first)
        _ = bench.book.probed(order, .answered, now: bench.now)
        #expect(bench.isFree())
    }

    private var awaitsHand: Bool { bench.book.isAwaiting(.hand, at: place) }
    private func awaitsDrill(_ route: String = "r") -> Bool {
        bench.book.isAwaiting(.drill(route: route), at: place)
    }

    @Test("a probe brings back what waits for a hand")
    func probe() throws {
        bench.book.keepReturns(true)
        try exhaustAndProbe()
        #expect(awaitsHand && awaitsDrill())
        let back = try #require(bench.book.returned.first)
        #expect(!back.isByHand && back.hold.cause == .exhausted)
        #expect(bench.book.restore(back.hold.id, by: "me", now: bench.now) == [.released(back, by: "me")])
        #expect(!awaitsHand && !awaitsDrill() && bench.book.isQuiet)
    }

    @Test("a hand brings back what waits for a drill")
    func hand() throws {
        bench.book.keepReturns(true)
        let first = try #require(bench.fail(.withdrawn, .model, evidence: .explicit)?.probes.first)
        _ = bench.book.probed(first, Bench.refusal(.withdrawn, .model), now: bench.now)
        let hold = try #require(bench.book.holds.first)
        _ = bench.book.restore(hold.id, by: "me", now: bench.now)
        #expect(bench.isFree() && !awaitsHand && awaitsDrill())
        #expect(bench.book.passedDrill(on: "r", [place]).count == 1)
        #expect(!awaitsDrill() && awaitsDrill("another"))
    }

    @Test("a false alarm is a return")
    func provisional() throws {
        bench.book.keepReturns(true)
        let order = try #require(bench.fail(.withdrawn, .model, evidence: .ambiguous)?.probes.first)
        _ = bench.book.probed(order, .answered, now: bench.now)
        #expect(!awaitsHand && !awaitsDrill() && bench.book.isQuiet)
    }

    @Test("what is pulled again is still back")
    func again() throws {
        bench.book.keepReturns(true)
        try exhaustAndProbe()
        bench.fail(.exhausted, .credential)
        #expect(!bench.isFree() && bench.book.returned.isEmpty)
    }

    @Test("nobody waits, and all is kept")
    func automatic() throws {
        try exhaustAndProbe()
        #expect(bench.book.returned.isEmpty && bench.book.isQuiet)
    }

    @Test("a restart forgets who waits")
    func restart() throws {
        bench.book.keepReturns(true)
        try exhaustAndProbe()
        let next = Bench()
        next.book.remembered(bench.book.returned)
        #expect(next.book.isAwaiting(.hand, at: place) && next.isFree())
    }
}

@Suite struct HedgeTests {
    private let book = HedgeBook()

    @Test("a tail is known from a handful")
    func few() {
        for number in 1...19 { book.note(.milliseconds(number), of: "c") }
        #expect(book.delay(0.95, of: "c") == nil)
        book.note(.milliseconds(20), of: "c")
        #expect(book.delay(0.95, of: "c") == .milliseconds(19))
        #expect(book.delay(0.5, of: "c") == .milliseconds(10) && book.delay(0.95, of: "d") == nil)
    }

    @Test("a stream is given too little time, or too much")
    func silence() {
        #expect(book.silence(of: "c") == .seconds(12))
        for _ in 1...20 { book.note(.milliseconds(300), of: "c") }
        #expect(book.silence(of: "c") == .seconds(10))
        for _ in 1...20 { book.note(.seconds(4), of: "d") }
        #expect(book.silence(of: "d") == .seconds(16))
        for _ in 1...20 { book.note(.seconds(40), of: "e") }
        #expect(book.silence(of: "e") == .seconds(60))
    }

    @Test("a slow model on a quiet route is overtaken for ever, or one that is known has its limit put up by an outage")
    func overtaken() {
        for _ in 1...19 { book.noteOvertaken(after: .milliseconds(12_500), of: "slow") }
        #expect(book.silence(of: "slow") == .seconds(12))
        book.noteOvertaken(after: .milliseconds(12_500), of: "slow")
        #expect(book.silence(of: "slow") == .seconds(50))
        for _ in 1...20 { book.note(.seconds(1), of: "known") }
        for _ in 1...100 { book.noteOvertaken(after: .seconds(13), of: "known") }
        #expect(book.silence(of: "known") == .seconds(10))
    }

    @Test("rescues go past a tenth of the requests, or below two a minute")
    func rescues() {
        func now(_ seconds: Int) -> Moment { Moment(tick: .seconds(500 + seconds), unix: 0) }
        for _ in 1...3 { book.noteStream(on: "r", now: now(0)) }
        #expect(book.mayRescue(on: "r", now: now(12)) && book.mayRescue(on: "r", now: now(12)))
        #expect(!book.mayRescue(on: "r", now: now(12)) && book.mayRescue(on: "another", now: now(12)))
        #expect(book.mayRescue(on: "r", now: now(75)))
        for _ in 1...100 { book.noteStream(on: "s", now: now(0)) }
        #expect((1...20).filter { _ in book.mayRescue(on: "s", now: now(12)) }.count == 10)
    }

    @Test("the share is exceeded in some minute", arguments: [UInt64.random(in: 0...UInt64.max), 7])
    func share(seed: UInt64) {
        print("seed \(seed)")
        var random = SplitMix(seed: seed)
        var tick = Duration.seconds(500)
        var requests: [Duration] = []
        var hedges: [Duration] = []
        for _ in 0..<10_000 {
            tick += .milliseconds(Int.random(in: 0...60, using: &random))
            let now = Moment(tick: tick, unix: 0)
            book.noteRequest(on: "r", now: now)
            requests.append(tick)
            guard Bool.random(using: &random), book.mayHedge(on: "r", share: 0.05, now: now) else { continue }
            hedges.append(tick)
            let minute = tick - .seconds(60)
            let recent = requests.reversed().prefix { $0 > minute }.count
            let used = hedges.reversed().prefix { $0 > minute }.count
            #expect(Double(used) <= 0.05 * Double(recent), "seed \(seed)")
        }
        #expect(hedges.count > 100)
    }
}
