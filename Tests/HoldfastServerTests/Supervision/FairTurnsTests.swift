import HoldfastServer
import Seeded
import Testing

@Suite struct FairTurnsTests {
    private func take(_ queue: inout FairTurns<Int>) -> Int? { queue.next()?.job }

    @Test("a key that brings much delays another by one turn")
    func turns() {
        var queue = FairTurns<Int>(most: 64)
        for job in 0..<20 { _ = queue.enter(job, of: "greedy") }
        _ = queue.enter(100, of: "modest")
        #expect(take(&queue) == 0)
        #expect(take(&queue) == 100)
        #expect(take(&queue) == 1)
    }

    @Test("work that isn't done waits behind the other keys, and before its own key's")
    func goesOn() throws {
        var queue = FairTurns<Int>(most: 64)
        _ = queue.enter(1, of: "a")
        _ = queue.enter(2, of: "a")
        _ = queue.enter(3, of: "b")
        let next = queue.next()
        let first = try #require(next)
        queue.goOn(first.job, of: first.key)
        #expect(take(&queue) == 3)
        #expect(take(&queue) == 1)
        #expect(take(&queue) == 2)
    }

    @Test("a full queue turns away the key that filled it, and nobody else")
    func full() throws {
        var queue = FairTurns<Int>(most: 4)
        for job in 0..<4 { _ = queue.enter(job, of: "greedy") }
        guard case .limited = queue.enter(4, of: "greedy") else {
            Issue.record("the greedy key isn't limited")
            return
        }
        guard case .takenInPlaceOf(let dropped) = queue.enter(9, of: "modest") else {
            Issue.record("another key is turned away")
            return
        }
        #expect(dropped == 3 && queue.count == 4)
    }

    @Test("where nobody has more than its part, the next one hears that it is full")
    func overloaded() {
        var queue = FairTurns<Int>(most: 3)
        for key in ["a", "b", "c"] { _ = queue.enter(0, of: key) }
        guard case .overloaded = queue.enter(0, of: "d") else {
            Issue.record("a place was found where there is none")
            return
        }
        #expect(queue.count == 3)
    }

    @Test(
        "whatever happens, no job is lost, none comes twice, and the queue has its end",
        arguments: [1, 2, 3] as [UInt64])
    func anything(_ seed: UInt64) {
        var chance = SplitMix(seed: seed)
        let most = Int.random(in: 1...12, using: &chance)
        var queue = FairTurns<Int>(most: most)
        var waiting: Set<Int> = []
        var atWork: [(key: String, job: Int)] = []
        var number = 0
        for _ in 0..<2000 {
            switch Int.random(in: 0..<4, using: &chance) {
            case 0, 1:
                let key = "k\(Int.random(in: 0..<5, using: &chance))"
                number += 1
                switch queue.enter(number, of: key) {
                case .taken: waiting.insert(number)
                case .takenInPlaceOf(let dropped):
                    #expect(waiting.remove(dropped) != nil, "dropped what doesn't wait")
                    waiting.insert(number)
                case .limited, .overloaded: #expect(queue.count == most)
                }
            case 2:
                if let next = queue.next() {
                    #expect(waiting.remove(next.job) != nil, "came twice")
                    atWork.append(next)
                } else {
                    #expect(waiting.isEmpty, "a job is lost")
                }
            default:
                guard let index = atWork.indices.randomElement(using: &chance) else { continue }
                let (key, job) = atWork.remove(at: index)
                if Bool.random(using: &chance) {
                    queue.goOn(job, of: key)
                    waiting.insert(job)
                } else {
                    queue.end(of: key)
                }
            }
            #expect(queue.count == waiting.count + atWork.count && queue.count <= most)
        }
        while let next = queue.next() { #expect(waiting.remove(next.job) != nil) }
        #expect(waiting.isEmpty)
    }
}
