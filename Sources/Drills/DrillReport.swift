import Failures
package import NIOCore
import Wire

/// The result of a drill, for people and programs.
package struct DrillReport: Sendable {
    package enum Verdict: String, Sendable, Hashable, CaseIterable {
        /// Every objective of the route was met.
        case passed
        case failed
        /// Too little happened to say.
        case inconclusive
    }

    package struct Objective: Sendable, Hashable {
        package var name: String
        package var goal: String
        package var found: String
        package var isMet: Bool
    }

    package let order: DrillOrder
    package let phase: DrillPhase
    package let end: DrillTimeline.End?
    /// In seconds since 1970.
    package let started: Int
    /// Until it is over, if nothing ends it before.
    package let left: Duration
    package let verdict: Verdict
    package let objectives: [Objective]
    private let tally: DrillTally

    package init(
        _ order: DrillOrder, phase: DrillPhase, end: DrillTimeline.End?, started: Int, left: Duration = .zero,
        _ tally: DrillTally, _ goals: DrillTally.Objectives
    ) {
        self.order = order
        self.phase = phase
        self.end = end
        self.started = started
        self.left = left
        self.tally = tally
        self.objectives = order.faults.isEmpty ? Self.objectives(tally, goals) : Self.objectives(ofFaults: tally)
        if tally.timesPulled == 0 {
            verdict = .inconclusive
        } else if end != nil, end != .done {
            verdict = objectives.allSatisfy(\.isMet) ? .inconclusive : .failed
        } else {
            verdict = objectives.allSatisfy(\.isMet) ? .passed : .failed
        }
    }

    /// Of a supervisor's faults: nothing passes, and nobody is left waiting.
    private static func objectives(ofFaults tally: DrillTally) -> [Objective] {
        let share = tally.timesPulled == 0 ? 1 : Double(tally.timesShut) / Double(tally.timesPulled)
        return [
            Objective(
                name: "refused without a verdict", goal: percent(1), found: percent(share),
                isMet: tally.timesShut == tally.timesPulled),
            Objective(
                name: "left unanswered", goal: "0", found: String(tally.timesUnanswered),
                isMet: tally.timesUnanswered == 0),
        ]
    }

    private static func objectives(_ tally: DrillTally, _ goals: DrillTally.Objectives) -> [Objective] {
        let pulled = tally.phases[.pulled] ?? .init()
        var objectives: [Objective] = []
        let share = pulled.requests == 0 ? 1 : Double(pulled.whole) / Double(pulled.requests)
        objectives.append(
            Objective(
                name: "answered whole", goal: "≥ \(percent(goals.availability))", found: percent(share),
                isMet: share >= goals.availability))
        if let time = tally.switches.quantile(0.99) {
            objectives.append(
                Objective(
                    name: "switch, p99", goal: "≤ \(shown(goals.switchTime))", found: shown(time),
                    isMet: time <= goals.switchTime))
        }
        if let goal = goals.firstToken, let time = pulled.firstBytes.quantile(0.99) {
            objectives.append(
                Objective(
                    name: "first token, p99", goal: "≤ \(shown(goal))", found: shown(time), isMet: time <= goal))
        }
        if let lost = tally.fates[.lost], lost > 0 {
            objectives.append(
                Objective(name: "streams lost", goal: "0", found: String(lost), isMet: false))
        }
        return objectives
    }

    // MARK: JSON

    package var json: ByteBuffer {
        var json = JSONWriter()
        json.object { write(to: &$0) }
        return json.buffer
    }

    private func write(to json: inout JSONWriter) {
        json.member("id", order.id)
        json.member("route", order.route)
        json.member("pulled", order.pulled)
        json.member("as", order.word)
        json.member("at_token", ifPresent: order.atToken)
        if order.cuts { json.member("cut", true) }
        json.member("load_rps", ifPresent: order.rate)
        json.member("by", order.by)
        json.member("started", started)
        json.member("phase", phase.rawValue)
        if end == nil { json.member("seconds_left", Int(left.components.seconds)) }
        json.member("end", ifPresent: end?.rawValue)
        json.member("verdict", ifPresent: end == nil ? nil : verdict.rawValue)
        json.array("objectives") { json in
            for objective in objectives {
                json.object { json in
                    json.member("name", objective.name)
                    json.member("goal", objective.goal)
                    json.member("found", objective.found)
                    json.member("met", objective.isMet)
                }
            }
        }
        json.object("requests") { json in
            for phase in DrillPhase.allCases where phase != .over {
                let counted = tally.phases[phase] ?? .init()
                json.object(phase.name) { json in
                    json.member("total", counted.requests)
                    json.member("whole", counted.whole)
                }
            }
            json.member("met_the_pull", tally.timesPulled)
        }
        json.member("detection_ms", ifPresent: tally.detection.map(milliseconds))
        json.member("recovery_ms", ifPresent: tally.recovery.map(milliseconds))
        json.object("switch") { json in
            json.member("count", tally.switches.count)
            json.member("p50_ms", ifPresent: tally.switches.quantile(0.5).map(milliseconds))
            json.member("p99_ms", ifPresent: tally.switches.quantile(0.99).map(milliseconds))
        }
        json.object("streams_in_flight") { json in
            json.member("continued", tally.fates[.continued] ?? 0)
            json.member("restarted", tally.fates[.restarted] ?? 0)
            json.member("lost", tally.fates[.lost] ?? 0)
        }
        json.object("added_latency") { json in
            added(\.firstBytes, "first_byte_p50_ms", "first_byte_p99_ms", to: &json)
            added(\.totals, "whole_p50_ms", "whole_p99_ms", to: &json)
        }
        write("stood_in", tally.standIns, to: &json)
        write("could_not", tally.couldNot, to: &json)
        write("not_answered", tally.reasons, to: &json)
        if tally.isPriced { json.object("cost") { cost(to: &$0) } }
    }

    /// Against the time before the pull.
    private func added(
        _ durations: KeyPath<DrillTally.Phase, Durations>, _ p50: StaticString, _ p99: StaticString,
        to json: inout JSONWriter
    ) {
        let before = (tally.phases[.warmUp] ?? .init())[keyPath: durations]
        let during = (tally.phases[.pulled] ?? .init())[keyPath: durations]
        for (part, name) in [(0.5, p50), (0.99, p99)] {
            guard let before = before.quantile(part), let during = during.quantile(part) else { continue }
            json.member(name, milliseconds(during - before))
        }
    }

    private func write(_ name: StaticString, _ counts: [String: Int], to json: inout JSONWriter) {
        json.array(name) { json in
            for (what, times) in counts.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
                json.object { json in
                    json.member("what", what)
                    json.member("times", times)
                }
            }
        }
    }

    private func cost(to json: inout JSONWriter) {
        func perRequest(_ phase: DrillPhase) -> Double? {
            tally.phases[phase].flatMap { $0.requests == 0 ? nil : $0.cost / Double($0.requests) }
        }
        json.member("currency", tally.currency ?? "USD")
        json.member("per_request_before", ifPresent: perRequest(.warmUp))
        json.member("per_request_pulled", ifPresent: perRequest(.pulled))
        json.member("total", tally.phases.values.reduce(0) { $0 + $1.cost })
    }
}

extension DrillPhase {
    fileprivate var name: StaticString {
        switch self {
        case .warmUp: "warm_up"
        case .pulled: "pulled"
        case .recovery: "recovery"
        case .over: "over"
        }
    }
}

private func milliseconds(_ duration: Duration) -> Double {
    let nanoseconds = duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
    return Double(nanoseconds / 10_000) / 100
}

private func shown(_ duration: Duration) -> String {
    let value = milliseconds(duration)
    // To a tenth: a goal of 15 s is missed by 15.4 s.
    let seconds = (value / 100).rounded() / 10
    if value >= 10_000 { return seconds == seconds.rounded() ? "\(Int(seconds)) s" : "\(seconds) s" }
    return value >= 10 ? "\(Int(value.rounded())) ms" : "\(value) ms"
}

private func percent(_ share: Double) -> String {
    let hundredths = (share * 1_000_000).rounded(.down) / 10_000
    return hundredths == hundredths.rounded() ? "\(Int(hundredths)) %" : "\(hundredths) %"
}
