/// The count of the bytes of answers that have left each model today, against a
/// daily budget.
///
/// An attacker who controls the engine could write the weights themselves into
/// answers: the bytes that leave in a day limit how much of the weights can
/// leave in it. The meter counts the engine's words, in UTF-8 and by the
/// gateway's own count. Bytes times eight is more than tokens times log2 of the
/// vocabulary (about twice as much for English), and an engine that reports
/// wrong token counts gains nothing. An embedding is counted as 32 bits a
/// dimension, a log-probability as 32 bits.
package struct EgressMeter: Sendable {
    package struct Day: Sendable, Hashable {
        /// Since 1970, UTC.
        package var day: Int
        package var bytes: Int

        package init(day: Int, bytes: Int) {
            self.day = day
            self.bytes = bytes
        }
    }

    /// Something that an operator has to know, once a day.
    package struct Alarm: Sendable, Hashable {
        package var model: String
        package var bytes: Int
        package var budget: Int
        /// False at four fifths of it.
        package var hasStopped: Bool

        package init(model: String, bytes: Int, budget: Int, hasStopped: Bool) {
            self.model = model
            self.bytes = bytes
            self.budget = budget
            self.hasStopped = hasStopped
        }
    }

    /// By weights.
    private var days: [String: Day]
    private var told: [String: Int] = [:]
    private var toldEarly: [String: Int] = [:]
    private var changed: Set<String> = []

    package init(days: [String: Day] = [:]) { self.days = days }

    package static let secondsOfDay = 86_400

    private func bytes(of weights: String, on day: Int) -> Int {
        guard let known = days[weights], known.day == day else { return 0 }
        return known.bytes
    }

    package func bytes(of model: HostedModel, at time: Int) -> Int {
        bytes(of: model.weights, on: time / Self.secondsOfDay)
    }

    /// Seconds until the next day, while today's budget is used up; nil while
    /// it isn't.
    package func wait(of model: HostedModel, at time: Int) -> Int? {
        guard let budget = model.egressPerDay, bytes(of: model, at: time) >= budget else { return nil }
        return Self.secondsOfDay - time % Self.secondsOfDay
    }

    /// Counts bytes that are about to be sent.
    ///
    /// - Parameter isWhole: True for a whole answer, which isn't sent where it
    ///   doesn't fit: then nothing more is sent that day. A piece of a stream
    ///   that has begun is sent in any case, as the last one.
    /// - Returns: True when the bytes may be sent.
    package mutating func spend(
        _ bytes: Int, of model: HostedModel, isWhole: Bool, at time: Int, alarms: inout [Alarm]
    ) -> Bool {
        let day = time / Self.secondsOfDay
        let before = self.bytes(of: model.weights, on: day)
        let (sum, overflows) = before.addingReportingOverflow(max(0, bytes))
        var after = overflows ? Int.max : sum
        var goesOut = true
        if isWhole, let budget = model.egressPerDay, after > budget {
            goesOut = false
            after = max(before, budget)
        }
        if after != before {
            days[model.weights] = Day(day: day, bytes: after)
            changed.insert(model.weights)
        }
        alarm(model, after, day, into: &alarms)
        return goesOut
    }

    private mutating func alarm(_ model: HostedModel, _ bytes: Int, _ day: Int, into alarms: inout [Alarm]) {
        guard let budget = model.egressPerDay, bytes >= budget - budget / 5 else { return }
        let hasStopped = bytes >= budget
        let alarm = Alarm(model: model.name, bytes: bytes, budget: budget, hasStopped: hasStopped)
        if hasStopped {
            if told.updateValue(day, forKey: model.weights) != day { alarms.append(alarm) }
        } else if toldEarly.updateValue(day, forKey: model.weights) != day {
            alarms.append(alarm)
        }
    }

    /// Returns the changes since the last call.
    package mutating func takeChanges() -> [String: Day] {
        defer { changed = [] }
        return days.filter { changed.contains($0.key) }
    }
}
