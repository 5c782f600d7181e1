/// The facts about a model that Holdfast hosts itself, for its standards.
package struct HostedFacts: Sendable, Hashable {
    package enum Engine: Sendable, Hashable {
        case ready, starting, stopped
        case failed(String)
    }

    package enum Weights: Sendable, Hashable {
        case trusted
        /// Changed in memory, and loaded anew since or not yet; in seconds since
        /// 1970.
        case changed(since: Int)
        /// Changed twice.
        case quarantined(since: Int)
    }

    /// The content of a receipt.
    package struct Receipt: Sendable, Hashable {
        package var id: String
        /// In seconds since 1970.
        package var time: Int
        package var epoch: UInt64?
        /// The names of protections that are not in force.
        package var missing: [String]
        package var isScrubbedWhole: Bool

        package init(id: String, time: Int, epoch: UInt64?, missing: [String] = [], isScrubbedWhole: Bool = true) {
            self.id = id
            self.time = time
            self.epoch = epoch
            self.missing = missing
            self.isScrubbedWhole = isScrubbedWhole
        }
    }

    package var engine: Engine
    package var weights: Weights
    /// The reason for which its weights were refused at the last start; nil
    /// where they were not.
    package var refusal: String?
    /// Nil while nothing serves.
    package var receipt: Receipt?
    /// The newest statement of its custodians, as it is in place now.
    package var epoch: Epoch
    /// The times of its restarts by the boot clock, in nanoseconds, the oldest
    /// first.
    package var restarts: [UInt64]
    /// True where what it tells of itself is limited.
    package var isGuarded: Bool

    package enum Epoch: Sendable, Hashable {
        /// The settings ask for no statement.
        case none
        case newest(UInt64)
        /// The statement doesn't verify, or can't be read.
        case unverified
    }

    package init(
        engine: Engine, weights: Weights = .trusted, refusal: String? = nil, receipt: Receipt? = nil,
        epoch: Epoch = .none, restarts: [UInt64] = []
    ) {
        self.engine = engine
        self.weights = weights
        self.refusal = refusal
        self.receipt = receipt
        self.epoch = epoch
        self.restarts = restarts
        isGuarded = true
    }
}

/// The facts about the supervisor.
package struct SupervisorFacts: Sendable, Hashable {
    /// True where anything is supervised.
    package var isWanted: Bool
    package var isDown: Bool
    /// The ways in which it depends on a model that it stands over.
    package var shared: [String]
    /// The state of its engine; nil where it has none.
    package var engine: HostedFacts.Engine?

    package init(isWanted: Bool, isDown: Bool = false, shared: [String] = [], engine: HostedFacts.Engine? = nil) {
        self.isWanted = isWanted
        self.isDown = isDown
        self.shared = shared
        self.engine = engine
    }
}

/// A drill that is over.
package struct DrillFacts: Sendable, Hashable {
    package var id: String
    package var route: String
    /// `provider/model` that was pulled.
    package var pulled: String
    /// Those that stood in.
    package var stoodIn: [String]
    package var hasPassed: Bool
    /// In seconds since 1970.
    package var time: Int

    package init(id: String, route: String, pulled: String, stoodIn: [String] = [], hasPassed: Bool, time: Int) {
        self.id = id
        self.route = route
        self.pulled = pulled
        self.stoodIn = stoodIn
        self.hasPassed = hasPassed
        self.time = time
    }
}

/// Requests that were answered and that were not.
package struct AnsweredFacts: Sendable, Hashable {
    package enum Source: String, Sendable {
        case traffic
        /// Holdfast's own requests, which alone count for what a suspension has
        /// removed.
        case probes
    }

    package var requests: Int
    package var answered: Int
    package var source: Source
    /// The time of the newest one, in seconds since 1970; nil where there is
    /// none.
    package var newest: Int?

    package init(requests: Int, answered: Int, source: Source, newest: Int?) {
        self.requests = requests
        self.answered = answered
        self.source = source
        self.newest = newest
    }
}

/// The retirement of a model that somebody has announced.
package struct RetirementFacts: Sendable, Hashable {
    /// In seconds since 1970.
    package var retires: Int
    /// A route or `provider/model`.
    package var successor: String?
    /// The models that may be meant by the successor, `provider/model` each.
    package var successors: Set<String>

    package init(retires: Int, successor: String? = nil, successors: Set<String> = []) {
        self.retires = retires
        self.successor = successor
        self.successors = successors
    }
}

/// The state of a document's file.
package enum DocumentFacts: Sendable, Hashable {
    /// - Parameter sha256: in hexadecimal digits.
    case onFile(sha256: String, bytes: Int)
    case missing
    case unreadable(String)
}

/// The last answer of a model to a canary's question.
package enum CanaryFacts: Sendable, Hashable {
    case answered(asExpected: Bool, at: Int)
    /// No answer, for this reason: a model that can't be reached is none that
    /// answers wrongly.
    case none(String)
}
