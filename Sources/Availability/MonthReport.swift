/// What a month's requests and attempts add up to: what each contract says,
/// and beside it what applications felt. Never one number of both.
package struct MonthReport: Sendable {
    /// A model at a provider: attempts, which are what contracts count.
    package struct Service: Sendable {
        package var counts: MonthCounts
        package var attempts: Int
        /// Attempts that brought no status at all: contracts don't count them.
        package var unanswered: Int
        /// By cause, the attempts that failed.
        package var causes: [String: Int]
    }

    /// A route: requests, which are what applications count.
    package struct Felt: Sendable, Hashable {
        /// All but those that were refused for a fault of their own, and
        /// those whose caller left.
        package var requests = 0
        package var whole = 0
        /// Of these, the ones that somebody else than the first candidate
        /// answered, or ended.
        package var byStandIn = 0
        package var callersGone = 0
        package var turnedAway = 0

        package var continuity: Double? { requests == 0 ? nil : Double(whole) / Double(requests) * 100 }
    }

    /// By `provider/model`.
    package var services: [String: Service]
    /// By route; empty where callers named a provider.
    package var routes: [String: Felt]
}

/// Gathers a month, entry by entry.
package struct MonthTally: Sendable {
    /// One request as the ledger has it.
    package struct Request: Sendable {
        package struct Attempt: Sendable {
            package var by: String
            package var status: Int?
            package var cause: String?

            package init(by: String, status: Int?, cause: String?) {
                self.by = by
                self.status = status
                self.cause = cause
            }
        }

        /// Minutes since the month began.
        package var minute: Int
        package var route: String
        package var outcome: String
        /// Another one than the route's first candidate began, or ended it.
        package var isByStandIn: Bool
        package var attempts: [Attempt]
        /// A drill ran on its route: its attempts say nothing of a provider.
        package var isRehearsed: Bool

        package init(
            minute: Int, route: String, outcome: String, isByStandIn: Bool, attempts: [Attempt],
            isRehearsed: Bool = false
        ) {
            self.minute = minute
            self.route = route
            self.outcome = outcome
            self.isByStandIn = isByStandIn
            self.attempts = attempts
            self.isRehearsed = isRehearsed
        }
    }

    private struct Service {
        var minutes: [Int: [Int: Int]] = [:]
        var attempts = 0
        var unanswered = 0
        var causes: [String: Int] = [:]
    }

    private let minutes: Int
    private var services: [String: Service] = [:]
    private var routes: [String: MonthReport.Felt] = [:]

    /// - Parameter minutes: how many the month has.
    package init(minutes: Int) { self.minutes = minutes }

    package mutating func add(_ request: Request) {
        for attempt in request.attempts where !request.isRehearsed {
            services[attempt.by, default: Service()].attempts += 1
            if let cause = attempt.cause { services[attempt.by]!.causes[cause, default: 0] += 1 }
            if let status = attempt.status {
                services[attempt.by]!.minutes[request.minute, default: [:]][status, default: 0] += 1
            } else {
                services[attempt.by]!.unanswered += 1
            }
        }
        var felt = routes[request.route] ?? MonthReport.Felt()
        defer { routes[request.route] = felt }
        switch request.outcome {
        case "caller_gone": felt.callersGone += 1
        // The request's own fault, whoever found it.
        case "refused": break
        case "limited":
            felt.turnedAway += 1
        case "served":
            felt.requests += 1
            felt.whole += 1
            if request.isByStandIn { felt.byStandIn += 1 }
        default: felt.requests += 1
        }
    }

    package var report: MonthReport {
        MonthReport(
            services: services.mapValues { service in
                MonthReport.Service(
                    counts: MonthCounts(
                        minutes: minutes,
                        counts: service.minutes.map { MinuteCount(minute: $0.key, byStatus: $0.value) }),
                    attempts: service.attempts, unanswered: service.unanswered, causes: service.causes)
            }, routes: routes)
    }
}
