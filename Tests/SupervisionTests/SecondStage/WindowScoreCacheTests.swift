import Conversation
import Seeded
import Supervision
import Testing

@Suite("The cache of windows")
struct WindowScoreCacheTests {
    private static let asker = SecondStageAsker(tenant: "t", key: "k", policy: PolicyDigest("p"))
    private let maker = WindowKeyMaker()

    private func key(_ text: String, _ asker: SecondStageAsker = Self.asker) -> WindowKey {
        maker.key(of: RankedWindow(.user, text, place: 0), for: asker)
    }

    private func memory(_ cache: inout WindowScoreCache, _ text: String) -> WindowScoreCache.Memory? {
        cache.memory(of: key(text))
    }

    private func scores(_ number: Int) -> HeadScores {
        HeadScores(attack: Int32(number), injection: 0, harm: 0, output: 0)
    }

    @Test("nothing is shared between tenants, scopes, policies or processes")
    func keysDiffer() {
        let base = key("text")
        #expect(base == key("text"))
        #expect(base == key("text", SecondStageAsker(tenant: "t", key: "another", policy: PolicyDigest("p"))))
        let others = [
            key("texts"), key("text", SecondStageAsker(tenant: "u", key: "k", policy: PolicyDigest("p"))),
            key("text", SecondStageAsker(tenant: "t", key: "k", policy: PolicyDigest("q"))),
            maker.key(of: RankedWindow(.toolResult, "text", place: 0), for: Self.asker),
            WindowKeyMaker().key(of: RankedWindow(.user, "text", place: 0), for: Self.asker),
            key("puser4text", SecondStageAsker(tenant: "t", key: "k", policy: PolicyDigest(""))),
        ]
        #expect(Set(others + [base]).count == 7)
    }

    @Test("it is bounded, and the least recently used goes first")
    func bounded() {
        var cache = WindowScoreCache(bytes: 3 * WindowScoreCache.bytesPerEntry)
        for number in 0..<3 { cache.remember(key("\(number)"), .scored(scores(number))) }
        #expect(memory(&cache, "0") == .scored(scores(0)))
        cache.remember(key("3"), .scored(scores(3)))
        #expect(cache.count == 3)
        #expect(memory(&cache, "1") == nil)
        #expect(memory(&cache, "0") != nil)
        #expect(memory(&cache, "2") != nil)
    }

    @Test("a score is not replaced by its lack")
    func passedOver() {
        var cache = WindowScoreCache()
        cache.remember(key("a"), .passedOver)
        #expect(memory(&cache, "a") == .passedOver)
        cache.remember(key("a"), .scored(scores(1)))
        cache.remember(key("a"), .passedOver)
        #expect(memory(&cache, "a") == .scored(scores(1)))
    }

    @Test("it does what a list in order of use would do")
    func likeAList() {
        var chance = seededChance()
        for capacity in [1, 2, 7] {
            var cache = WindowScoreCache(bytes: capacity * WindowScoreCache.bytesPerEntry)
            var list: [(Int, Int)] = []
            for step in 0..<2000 {
                let number = Int.random(in: 0..<12, using: &chance)
                let place = list.firstIndex { $0.0 == number }
                if Bool.random(using: &chance) {
                    let expected = place.map { WindowScoreCache.Memory.scored(scores(list[$0].1)) }
                    #expect(memory(&cache, "\(number)") == expected)
                    if let place { list.append(list.remove(at: place)) }
                } else {
                    cache.remember(key("\(number)"), .scored(scores(step)))
                    if let place { list.remove(at: place) }
                    list.append((number, step))
                    if list.count > capacity { list.removeFirst() }
                }
                #expect(cache.count == list.count)
            }
        }
    }

    @Test("turn two asks about what is new, and about nothing that was passed over")
    func turns() {
        var cache = WindowScoreCache()
        let first = (0..<208).map { key("\($0)") }
        let plan = WindowPlan(first, &cache)
        #expect(plan.asked == Array(0..<16))
        for place in plan.asked { cache.remember(first[place], .scored(scores(place))) }
        let result = plan.finish((0..<16).map(scores), &cache)
        #expect(plan.cached == 0)
        #expect(result == (0..<208).map { $0 < 16 ? scores($0) : nil })

        let second = [key("new"), key("newer")] + first
        let next = WindowPlan(second, &cache)
        #expect(next.asked == [0, 1])
        let after = next.finish([scores(100), scores(101)], &cache)
        #expect(next.cached == 16)
        #expect(after.count { $0 != nil } == 18)
        #expect(after[1] == scores(101))
    }

    @Test("a window that stands in a request twice is asked about once")
    func twice() {
        var cache = WindowScoreCache()
        let plan = WindowPlan([key("a"), key("b"), key("a")], &cache)
        #expect(plan.asked == [0, 1])
        let result = plan.finish([scores(1), scores(2)], &cache)
        #expect(result == [scores(1), scores(2), scores(1)])
    }

    @Test("nothing of an answer is passed over, and what was passed over in a request is asked about")
    func whole() {
        var cache = WindowScoreCache()
        let keys = (0..<40).map { key("\($0)") }
        let first = WindowPlan(keys, &cache)
        for place in first.asked { cache.remember(keys[place], .scored(scores(place))) }
        _ = first.finish((0..<16).map(scores), &cache)
        let plan = WindowPlan(keys, &cache, isWhole: true)
        #expect(plan.asked == Array(16..<40) && plan.cached == 16)
        #expect(plan.finish((16..<40).map(scores), &cache) == (0..<40).map(scores))
    }

    @Test("what failed is new again")
    func failure() {
        var cache = WindowScoreCache()
        let keys = (0..<20).map { key("\($0)") }
        _ = WindowPlan(keys, &cache)
        let again = WindowPlan(keys, &cache)
        #expect(again.asked.count == 16)
    }
}
