/// `POST /admin/drills`: an order to pull a candidate for a while.
package struct DrillOrderView: Codable, Sendable, Hashable {
    package var route: String
    /// `provider/model`; the route's first where it is missing.
    package var model: String?
    package var `as`: String
    package var atToken: Int?
    package var cut: Bool?
    package var loadRps: Double?
    package var seconds: Double?
    package var warmUp: Double?
    package var recovery: Double?

    package init(route: String, model: String?, as cause: String) {
        self.route = route
        self.model = model
        self.as = cause
    }
}

/// `GET /admin/drills`: the drills that run, and the latest ones.
package struct DrillsView: Codable, Sendable, Hashable {
    package var running: [DrillView]
    package var past: [DrillView]

    package init(running: [DrillView], past: [DrillView]) {
        self.running = running
        self.past = past
    }
}

/// A drill's report, final or so far.
///
/// Its words are those of the drill itself; any other is another version's.
package struct DrillView: Codable, Sendable, Hashable {
    /// The part of the drill that runs.
    package enum Part: String, Codable, Sendable, Hashable, CaseIterable {
        case warmUp = "warm-up"
        case pulled
        case recovery
        case over
    }

    package enum End: String, Codable, Sendable, Hashable, CaseIterable {
        case done
        /// Ended by somebody before its time.
        case stopped
        /// Ended because the command that ordered it went away.
        case lapsed
    }

    package enum Verdict: String, Codable, Sendable, Hashable, CaseIterable {
        case passed, failed
        /// Too little happened to say.
        case inconclusive
    }

    package struct Objective: Codable, Sendable, Hashable {
        package var name: String
        package var goal: String
        package var found: String
        package var met: Bool
    }

    package struct Phase: Codable, Sendable, Hashable {
        package var total: Int
        /// Answered whole.
        package var whole: Int
    }

    package struct Requests: Codable, Sendable, Hashable {
        package var warmUp: Phase?
        package var pulled: Phase?
        package var recovery: Phase?
        package var metThePull: Int?
    }

    package struct Switch: Codable, Sendable, Hashable {
        package var count: Int?
        package var p50Ms: Double?
        package var p99Ms: Double?
    }

    package struct Streams: Codable, Sendable, Hashable {
        package var continued: Int?
        package var restarted: Int?
        package var lost: Int?
    }

    package struct Latency: Codable, Sendable, Hashable {
        package var firstByteP50Ms: Double?
        package var firstByteP99Ms: Double?
        package var wholeP50Ms: Double?
        package var wholeP99Ms: Double?
    }

    package struct Counted: Codable, Sendable, Hashable {
        package var what: String
        package var times: Int
    }

    package struct Cost: Codable, Sendable, Hashable {
        package var perRequestBefore: Double?
        package var perRequestPulled: Double?
        package var total: Double
        package var currency: String?
    }

    package var id: String
    package var route: String
    package var pulled: String
    package var `as`: String
    package var atToken: Int?
    package var cut: Bool?
    package var loadRps: Double?
    package var by: String?
    /// Seconds since 1970.
    package var started: Int?
    package var phase: Part
    /// Until it is over, if nothing ends it before; nil once it is.
    package var secondsLeft: Int?
    package var end: End?
    package var verdict: Verdict?
    package var objectives: [Objective]?
    package var requests: Requests?
    package var detectionMs: Double?
    package var recoveryMs: Double?
    package var `switch`: Switch?
    package var streamsInFlight: Streams?
    package var addedLatency: Latency?
    package var stoodIn: [Counted]?
    package var couldNot: [Counted]?
    package var notAnswered: [Counted]?
    package var cost: Cost?
}
