/// The queue in front of the second stage's model: who is served next, who has
/// waited too long, and who has more in it than a fair share. A pure machine:
/// the caller says what happens and when.
///
/// The model is asked about one window at a time, keys take turns, and so do
/// the judgements of one key: a request with sixteen windows, or a hundred
/// requests of one key, delay another key's by one window each turn. A
/// judgement is late when none of its windows was scored for the length of its
/// patience, so that a long one is not late merely for being long; and where
/// it has a limit for all of its windows, once that is over.
package struct JudgementQueue: Sendable {
    /// A judgement in the queue.
    package struct Ticket: Sendable, Hashable {
        package let number: UInt64
    }

    /// A window that the model is to be asked about now.
    package struct Order: Sendable, Hashable {
        package let ticket: Ticket
        /// The place of the window among those of the judgement.
        package let window: Int
    }

    package enum Admission: Sendable, Hashable {
        /// - Parameter displaced: The judgement of a greedier key that has to
        ///   leave for this one; it ends as `limited`.
        case waits(Ticket, displaced: Ticket?)
        case refused(SecondStageFailure)
    }

    package struct Ending: Sendable, Hashable {
        package let ticket: Ticket
        package let failure: SecondStageFailure
    }

    private struct Judgement {
        var key: String
        var patience: Duration
        /// Windows not yet given to the model, in order, behind `next`.
        var windows: Int
        var next = 0
        /// Windows given back by the model's process when it ended.
        var again: [Int] = []
        var underWay = 0
        var deaths = 0
        var progressAt: Duration
        /// The time at which it is over in any case; nil is never.
        var endsAt: Duration?
        /// The count of scored windows of all when this one last made progress.
        var scoredThen: Int

        var hasMore: Bool { next < windows || !again.isEmpty }
        var lateAt: Duration {
            let next = progressAt + patience
            return endsAt.map { min($0, next) } ?? next
        }
    }

    private struct Line {
        /// In the order in which they take their turns.
        var turns: [Ticket] = []
        /// The number of its judgements, also of those that only wait for the
        /// model's answer.
        var count = 0
    }

    /// The most judgements in the queue.
    package var places: Int {
        didSet { places = max(1, places) }
    }
    private var judgements: [Ticket: Judgement] = [:]
    private var lines: [String: Line] = [:]
    /// Keys with something to ask, in the order of their turns.
    private var turns: [String] = []
    private var lastNumber: UInt64 = 0
    private var scored = 0
    /// Deaths of the model's process that a judgement may be part of before it
    /// is taken for the reason.
    private static let mostDeaths = 2

    package init(waiting places: Int = 64) { self.places = max(1, places) }

    package var count: Int { judgements.count }
    package var hasOrders: Bool { !turns.isEmpty }

    // MARK: Coming and going

    /// Takes a judgement in.
    ///
    /// - Parameters:
    ///   - windows: The number of its windows, one or more.
    ///   - patience: The longest wait for its next score.
    ///   - inAll: The longest time for all of them; nil is no limit.
    ///   - now: Time since any fixed moment.
    package mutating func admit(
        key: String, windows: Int, patience: Duration, inAll: Duration? = nil, now: Duration
    ) -> Admission {
        var displaced: Ticket?
        if judgements.count >= places {
            let own = lines[key]?.count ?? 0
            let most = lines.values.reduce(0) { max($0, $1.count) }
            guard own + 1 < most || (own == 0 && most > 1) else { return .refused(own > 0 ? .limited : .overloaded) }
            // The newest of the greediest key's; among several, by number, so
            // that the same course gives the same choice.
            displaced = judgements.filter { lines[$0.value.key]?.count == most }.keys.max { $0.number < $1.number }
            if let displaced { remove(displaced) }
        }
        lastNumber += 1
        let ticket = Ticket(number: lastNumber)
        judgements[ticket] = Judgement(
            key: key, patience: patience, windows: max(1, windows), progressAt: now, endsAt: inAll.map { now + $0 },
            scoredThen: scored)
        lines[key, default: Line()].count += 1
        enqueue(ticket, key)
        return .waits(ticket, displaced: displaced)
    }

    /// Removes a judgement whose caller is gone, or which is over.
    package mutating func remove(_ ticket: Ticket) {
        guard let judgement = judgements.removeValue(forKey: ticket) else { return }
        guard var line = lines[judgement.key] else { return }
        line.turns.removeAll { $0 == ticket }
        line.count -= 1
        lines[judgement.key] = line.count > 0 ? line : nil
        if line.turns.isEmpty { turns.removeAll { $0 == judgement.key } }
    }

    // MARK: The model

    /// The window that the model is to be asked about next.
    package mutating func next() -> Order? {
        guard let key = turns.first else { return nil }
        turns.removeFirst()
        guard let ticket = lines[key]?.turns.first, var judgement = judgements[ticket] else { return nil }
        lines[key]?.turns.removeFirst()
        let window: Int
        if judgement.again.isEmpty {
            window = judgement.next
            judgement.next += 1
        } else {
            window = judgement.again.removeFirst()
        }
        judgement.underWay += 1
        judgements[ticket] = judgement
        if judgement.hasMore { lines[key]?.turns.append(ticket) }
        if lines[key]?.turns.isEmpty == false { turns.append(key) }
        return Order(ticket: ticket, window: window)
    }

    /// Notes a window's score.
    /// - Returns: True if it was the judgement's last.
    package mutating func scored(_ order: Order, now: Duration) -> Bool {
        scored += 1
        guard var judgement = judgements[order.ticket] else { return false }
        judgement.underWay -= 1
        judgement.progressAt = now
        judgement.scoredThen = scored
        judgements[order.ticket] = judgement
        guard !judgement.hasMore, judgement.underWay == 0 else { return false }
        remove(order.ticket)
        return true
    }

    /// Notes that the model's process ended before it answered: the window is
    /// asked for again, unless its judgement has seen that too often.
    package mutating func died(_ order: Order) -> Ending? {
        guard var judgement = judgements[order.ticket] else { return nil }
        judgement.underWay -= 1
        judgement.deaths += 1
        guard judgement.deaths <= Self.mostDeaths else {
            remove(order.ticket)
            return Ending(ticket: order.ticket, failure: .crashed)
        }
        let wasWaiting = judgement.hasMore
        judgement.again.append(order.window)
        judgements[order.ticket] = judgement
        if !wasWaiting { enqueue(order.ticket, judgement.key) }
        return nil
    }

    // MARK: Time

    /// The time at which the next judgement is late; nil while none waits.
    package var nextDeadline: Duration? {
        judgements.values.reduce(nil) { least, judgement in
            let own = judgement.lateAt
            return least.map { min($0, own) } ?? own
        }
    }

    /// Removes judgements that have waited too long.
    ///
    /// - Parameter isDown: True while the model's process is not there.
    package mutating func expire(now: Duration, isDown: Bool) -> [Ending] {
        var endings: [Ending] = []
        for (ticket, judgement) in judgements where judgement.lateAt <= now {
            endings.append(Ending(ticket: ticket, failure: isDown ? .crashed : reason(judgement)))
        }
        for ending in endings { remove(ending.ticket) }
        return endings.sorted { $0.ticket.number < $1.ticket.number }
    }

    /// A model that answered others meanwhile was not the reason. If the
    /// judgement's own key has more in the queue than every other, the key was.
    private func reason(_ judgement: Judgement) -> SecondStageFailure {
        let own = lines[judgement.key]?.count ?? 0
        let isGreedy = own > 1 && !lines.values.contains { $0.count > own }
        return scored > judgement.scoredThen && isGreedy ? .limited : .late
    }

    private mutating func enqueue(_ ticket: Ticket, _ key: String) {
        if lines[key]?.turns.isEmpty != false { turns.append(key) }
        lines[key]?.turns.append(ticket)
    }
}
