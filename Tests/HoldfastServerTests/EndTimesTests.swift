import HoldfastServer
import Testing

/// The time by which a process that is asked to end has ended.
@Suite struct EndTimesTests {
    private let grace = EndTimes.grace

    @Test("nothing ends a process that nobody has asked to end") func unasked() {
        var times = EndTimes(drain: .seconds(30))
        #expect(times.latest == nil)
        times.drained(now: .seconds(1))
        #expect(times.latest == nil)
    }

    @Test("requests get the drain time, and what comes after them the grace") func drainTime() {
        var times = EndTimes(drain: .seconds(30))
        times.asked(now: .seconds(100))
        #expect(times.latest == .seconds(130) + grace)
        #expect(grace < .seconds(5), "5 s are promised")
    }

    @Test("once the last request has ended, the drain time isn't waited for", arguments: [0, 1, 29])
    func early(after: Int) {
        var times = EndTimes(drain: .seconds(30))
        times.asked(now: .seconds(100))
        times.drained(now: .seconds(100 + after))
        #expect(times.latest == .seconds(100 + after) + grace)
    }

    @Test("a last request that ends late puts nothing off") func late() {
        var times = EndTimes(drain: .seconds(30))
        times.asked(now: .seconds(100))
        times.drained(now: .seconds(134))
        #expect(times.latest == .seconds(130) + grace)
    }

    @Test("asking again puts nothing off") func twice() {
        var times = EndTimes(drain: .seconds(30))
        times.asked(now: .seconds(100))
        times.asked(now: .seconds(120))
        #expect(times.latest == .seconds(130) + grace)
        times.drained(now: .seconds(121))
        times.asked(now: .seconds(122))
        times.drained(now: .seconds(123))
        #expect(times.latest == .seconds(121) + grace)
    }

    @Test("a process that has stopped serving by itself needs no drain time") func byItself() {
        var times = EndTimes(drain: .seconds(30))
        times.drained(now: .seconds(5))
        times.asked(now: .seconds(100))
        #expect(times.latest == .seconds(100) + grace)
    }
}
