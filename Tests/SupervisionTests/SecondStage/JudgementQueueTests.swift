import Seeded
import Supervision
import Testing

@Suite("The queue in front of the second model")
struct JudgementQueueTests {
    private typealias Ticket = JudgementQueue.Ticket
    private static let patience = Duration.seconds(500)

    private func admit(
        _ queue: inout JudgementQueue, _ key: String, _ windows: Int = 1, at now: Duration = .zero
    ) throws -> Ticket {
        guard case .waits(let ticket, nil) = queue.admit(key: key, windows: windows, patience: Self.patience, now: now)
        else { throw Unexpected() }
        return ticket
    }

    private func refusal(_ queue: inout JudgementQueue, _ key: String) -> SecondStageFailure? {
        guard case .refused(let failure) = queue.admit(key: key, windows: 1, patience: Self.patience, now: .zero) else {
            return nil
        }
        return failure
    }

    private func take(_ queue: inout JudgementQueue) throws -> JudgementQueue.Order {
        guard let order = queue.next() else { throw Unexpected() }
        return order
    }

    private func expire(_ queue: inout JudgementQueue, at now: Duration, isDown: Bool = false)
        -> [JudgementQueue.Ending]
    {
        queue.expire(now: now, isDown: isDown)
    }

    /// Keys in the order in which the model is asked for them.
    private func course(_ queue: inout JudgementQueue, _ names: [Ticket: String]) -> [String] {
        var course: [String] = []
        while let order = queue.next() {
            course.append(names[order.ticket] ?? "?")
            _ = queue.scored(order, now: .zero)
        }
        return course
    }

    @Test("a request with many windows delays another key's by one")
    func keysTakeTurns() throws {
        var queue = JudgementQueue()
        let long = try admit(&queue, "long", 16)
        let short = try admit(&queue, "short", 1)
        #expect(course(&queue, [long: "long", short: "short"]).prefix(2) == ["long", "short"])
        #expect(queue.count == 0)
    }

    @Test("a hundred requests of one key delay another's by one")
    func requestsOfAKeyTakeTurns() throws {
        var queue = JudgementQueue(waiting: 200)
        var names: [Ticket: String] = [:]
        for _ in 0..<100 { names[try admit(&queue, "many", 2)] = "many" }
        names[try admit(&queue, "one", 1)] = "one"
        let course = course(&queue, names)
        #expect(course.count == 201)
        #expect(course[1] == "one")
    }

    @Test("a key that fills the queue gets its own 429, and others get in")
    func fullQueue() throws {
        var queue = JudgementQueue(waiting: 8)
        var greedy: [Ticket] = []
        for _ in 0..<8 { greedy.append(try admit(&queue, "greedy")) }
        #expect(refusal(&queue, "greedy") == .limited)
        guard case .waits(_, let displaced) = queue.admit(key: "other", windows: 1, patience: Self.patience, now: .zero)
        else { throw Unexpected() }
        #expect(displaced == greedy.last)
        #expect(queue.count == 8)
    }

    @Test("with a place for each key, one key more is too many")
    func overloaded() throws {
        var queue = JudgementQueue(waiting: 4)
        for key in ["a", "b", "c", "d"] { _ = try admit(&queue, key) }
        #expect(refusal(&queue, "e") == .overloaded)
        #expect(refusal(&queue, "a") == .limited)
    }

    @Test("a model that answers nobody makes requests late, whoever has most of them")
    func hung() throws {
        var queue = JudgementQueue()
        for _ in 0..<5 { _ = try admit(&queue, "many") }
        _ = try admit(&queue, "one")
        #expect(queue.nextDeadline == Self.patience)
        #expect(expire(&queue, at: .seconds(499)).isEmpty)
        let endings = queue.expire(now: .seconds(500), isDown: false)
        #expect(endings.map(\.failure) == Array(repeating: .late, count: 6))
        #expect(queue.count == 0 && queue.nextDeadline == nil && !queue.hasOrders)
    }

    @Test("a process that is not there is told from one that is slow")
    func down() throws {
        var queue = JudgementQueue()
        _ = try admit(&queue, "one")
        #expect(expire(&queue, at: .seconds(1000), isDown: true).map(\.failure) == [.crashed])
    }

    @Test("a key that waits behind itself is limited; one that waits behind others is late")
    func ownFault() throws {
        var queue = JudgementQueue()
        for _ in 0..<10 { _ = try admit(&queue, "many") }
        let one = try admit(&queue, "one", 2)
        let order = try take(&queue)
        _ = queue.scored(order, now: .seconds(400))
        let endings = queue.expire(now: .seconds(500), isDown: false)
        #expect(endings.count == 10)
        for ending in endings { #expect(ending.failure == (ending.ticket == one ? .late : .limited)) }
    }

    @Test("progress renews the patience: sixteen windows are not late for being sixteen")
    func progress() throws {
        var queue = JudgementQueue()
        _ = try admit(&queue, "one", 16)
        var now = Duration.zero
        for index in 1...16 {
            let order = try take(&queue)
            now += .seconds(400)
            #expect(expire(&queue, at: now).isEmpty)
            let isLast = queue.scored(order, now: now)
            #expect(isLast == (index == 16))
        }
        #expect(queue.count == 0)
    }

    @Test("a window is asked for again when the process ends, but not for ever")
    func deaths() throws {
        var queue = JudgementQueue()
        let ticket = try admit(&queue, "one", 2)
        for _ in 0..<2 {
            let order = try take(&queue)
            #expect(order.window == 0)
            let ending = queue.died(order)
            #expect(ending == nil)
        }
        let ending = queue.died(try take(&queue))
        #expect(ending?.ticket == ticket && ending?.failure == .crashed)
        #expect(queue.count == 0 && !queue.hasOrders)
    }

    @Test("answers for a judgement that is over change nothing")
    func lateAnswers() throws {
        var queue = JudgementQueue()
        let ticket = try admit(&queue, "one", 2)
        let order = try take(&queue)
        queue.remove(ticket)
        let isLast = queue.scored(order, now: .zero)
        let ending = queue.died(order)
        #expect(!isLast && ending == nil)
        queue.remove(ticket)
        #expect(queue.count == 0 && !queue.hasOrders)
    }

    @Test("a judgement that goes on for ever ends, however often it makes progress")
    func ceiling() throws {
        var queue = JudgementQueue(waiting: 4)
        guard
            case .waits(let ticket, nil) = queue.admit(
                key: "k", windows: 100, patience: .seconds(2), inAll: .seconds(5), now: .seconds(10))
        else { throw Unexpected() }
        for second in 11...14 {
            let order = try take(&queue)
            let isLast = queue.scored(order, now: .seconds(second))
            #expect(!isLast)
            #expect(expire(&queue, at: .seconds(second)) == [])
        }
        #expect(queue.nextDeadline == .seconds(15))
        let endings = expire(&queue, at: .seconds(15))
        #expect(endings.map(\.ticket) == [ticket] && endings.map(\.failure) == [.late])
        #expect(queue.count == 0 && !queue.hasOrders)
    }

    @Test("an edit of the number of places counts for the next request")
    func places() throws {
        var queue = JudgementQueue(waiting: 4)
        for _ in 0..<3 { _ = try admit(&queue, "k") }
        queue.places = 2
        #expect(refusal(&queue, "k") == .limited)
        queue.places = 0
        #expect(queue.places == 1)
    }

    @Test("every judgement ends once, whatever happens, and every window is asked for")
    func randomCourses() {
        var chance = seededChance()
        for _ in 0..<100 {
            var queue = JudgementQueue(waiting: 6)
            var now = Duration.zero
            var open: [Ticket: Int] = [:]
            var underWay: [JudgementQueue.Order] = []
            func end(_ ticket: Ticket) { #expect(open.removeValue(forKey: ticket) != nil) }
            for _ in 0..<300 {
                now += .seconds(Int.random(in: 0...60, using: &chance))
                switch Int.random(in: 0..<10, using: &chance) {
                case 0...2:
                    let windows = Int.random(in: 1...4, using: &chance)
                    let key = ["a", "b", "c"].randomElement(using: &chance) ?? ""
                    if case .waits(let ticket, let displaced) = queue.admit(
                        key: key, windows: windows, patience: Self.patience, now: now)
                    {
                        if let displaced { end(displaced) }
                        open[ticket] = windows
                    }
                case 3...5: if underWay.count < 3, let order = queue.next() { underWay.append(order) }
                case 6, 7:
                    guard !underWay.isEmpty else { continue }
                    let order = underWay.removeFirst()
                    if open[order.ticket] != nil { open[order.ticket, default: 0] -= 1 }
                    if queue.scored(order, now: now) {
                        #expect(open[order.ticket] == 0)
                        end(order.ticket)
                    }
                case 8:
                    guard !underWay.isEmpty else { continue }
                    if let ending = queue.died(underWay.removeLast()) { end(ending.ticket) }
                default: for ending in queue.expire(now: now, isDown: false) { end(ending.ticket) }
                }
                #expect(queue.count == open.count && queue.count <= 6)
            }
            for ending in queue.expire(now: now + .seconds(10_000), isDown: false) { end(ending.ticket) }
            #expect(open.isEmpty && !queue.hasOrders)
        }
    }

    private struct Unexpected: Error {}
}
