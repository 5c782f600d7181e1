/// The counts and times that a drill has found so far. Pure.
package struct DrillTally: Sendable {
    /// The objectives of the route.
    package struct Objectives: Sendable, Hashable {
        package var availability: Double
        package var firstToken: Duration?
        package var switchTime: Duration

        package init(availability: Double, firstToken: Duration?, switchTime: Duration) {
            self.availability = availability
            self.firstToken = firstToken
            self.switchTime = switchTime
        }
    }

    struct Phase: Sendable {
        var requests = 0
        var whole = 0
        var firstBytes = Durations()
        var totals = Durations()
        var cost = 0.0
    }

    private(set) var phases: [DrillPhase: Phase] = [:]
    private(set) var fates: [DrillSample.Fate: Int] = [:]
    private(set) var switches = Durations()
    private(set) var standIns: [String: Int] = [:]
    private(set) var couldNot: [String: Int] = [:]
    private(set) var reasons: [String: Int] = [:]
    private(set) var isPriced = true
    private(set) var currency: String?
    /// From the pull to the first verdict.
    private(set) var detection: Duration?
    private(set) var timesPulled = 0
    /// Of those that met the drill: refused for want of a verdict, and not
    /// answered at all.
    private(set) var timesShut = 0
    private(set) var timesUnanswered = 0
    /// From the restoring to the first answer of the candidate.
    private(set) var recovery: Duration?
    /// Names of a drill's own making are few; callers' could be many.
    private static let mostNames = 50

    package init() {}

    package mutating func detected(after time: Duration) { detection = detection ?? time }
    package mutating func recovered(after time: Duration) { recovery = recovery ?? time }

    package mutating func note(_ sample: DrillSample, pulled candidate: String) {
        var phase = phases[sample.phase] ?? Phase()
        phase.requests += 1
        if sample.isWhole { phase.whole += 1 }
        if let firstByte = sample.firstByte, sample.isStream { phase.firstBytes.add(firstByte) }
        if sample.isWhole { phase.totals.add(sample.total) }
        phase.cost += sample.cost
        phases[sample.phase] = phase
        if !sample.isPriced { isPriced = false }
        if let other = sample.currency {
            if let currency, currency != other { isPriced = false }
            currency = other
        }
        if sample.wasPulled {
            timesPulled += 1
            if sample.isShut { timesShut += 1 }
            if sample.isUnanswered { timesUnanswered += 1 }
        }
        if let fate = sample.fate { fates[fate, default: 0] += 1 }
        if let time = sample.switchTime { switches.add(time) }
        guard sample.phase == .pulled || sample.wasPulled else { return }
        if sample.isWhole, let by = sample.servedBy, by != candidate || sample.fate != nil {
            count(by == candidate ? "\(by), then another" : by, &standIns)
        }
        // Of the pulled candidate only why it could not be pulled.
        for reason in sample.skipped where !sample.wasPulled || !reason.hasPrefix("\(candidate):") {
            count(reason, &couldNot)
        }
        for field in sample.dropped { count("left out: \(field)", &couldNot) }
        if !sample.isWhole { count(sample.reason ?? "no answer", &reasons) }
    }

    private func count(_ name: String, _ counts: inout [String: Int]) {
        guard counts[name] != nil || counts.count < Self.mostNames else { return }
        counts[name, default: 0] += 1
    }
}
