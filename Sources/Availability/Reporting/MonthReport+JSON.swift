import NIOCore
import Wire

extension MonthReport {
    /// The report as JSON: the same numbers as in the text, but not rounded.
    ///
    /// - Parameters:
    ///   - label: the period's name, such as `2026-06`.
    ///   - source: the data that the report was computed from; each becomes a member.
    package func json(label: String, source: [(name: String, value: String)]) -> String {
        var json = JSONWriter()
        json.object { json in
            json.member("period", label)
            json.member("minutes", period.minutes)
            json.member("minutes_passed", passed)
            json.object("source") { json in
                for (name, value) in source {
                    json.key(dynamic: name)
                    json.value(value)
                }
            }
            json.array("services") { json in
                for service in services { json.object { service.write(to: &$0) } }
            }
            json.array("groups") { json in
                for (kind, report) in groups {
                    json.object { json in
                        json.member("by", kind.rawValue)
                        report.write(to: &json)
                    }
                }
            }
            json.array("routes") { json in
                for route in routes { json.object { route.write(to: &$0, burn: burn[route.name] ?? []) } }
            }
        }
        return String(buffer: json.buffer)
    }
}

extension ServiceReport {
    fileprivate func write(to json: inout JSONWriter) {
        json.member("service", name)
        json.member("attempts", attempts)
        json.member("unanswered", unanswered)
        json.object("statuses") { json in
            json.members(statuses.map { (String($0.key), $0.value) })
        }
        json.array("contracts") { json in
            for verdict in verdicts {
                json.object { json in
                    json.member("contract", verdict.contract.name)
                    json.member("uptime_percent", verdict.uptime)
                    json.member("credit_percent", verdict.credit)
                }
            }
        }
        json.object("causes") { json in
            json.members(causes.map { ($0.key, $0.value) })
        }
        json.object("held") { json in
            json.member("minutes", heldMinutes)
            json.member("minutes_without_attempts", emptyHeldMinutes)
            json.member("probes", heldProbes)
            json.member("probes_answered", heldProbesAnswered)
        }
        json.array("days") { json in
            for (number, day) in days.enumerated() where day.attempts > 0 {
                json.object { json in
                    json.member("day", number + 1)
                    json.member("attempts", day.attempts)
                    json.member("below_400", day.good)
                }
            }
        }
    }
}

extension RouteReport {
    fileprivate func write(to json: inout JSONWriter, burn: [BurnRate]) {
        json.member("route", name)
        json.member("requests", requests)
        json.member("whole", whole)
        json.member("continuity_percent", ifPresent: continuity)
        json.member("by_stand_in", byStandIn)
        json.member("minutes_by_stand_in", minutesByStandIn)
        json.object("served_by") { json in
            json.members(servedBy.map { ($0.key, $0.value) })
        }
        json.object("lost") { json in
            json.members(lost.map { ($0.key, $0.value) })
        }
        json.object("lost_minutes") { json in
            for (cause, minutes) in lostMinutes.sorted(by: { $0.key < $1.key }) {
                json.key(dynamic: cause)
                json.value(minutes)
            }
        }
        json.member("callers_gone", callersGone)
        json.member("own_faults", ownFaults)
        json.member("blocked", blocked)
        json.member("objective_percent", objective * 100)
        json.member("error_budget_used", ifPresent: budgetUsed)
        json.array("burn_rates") { json in
            for rate in burn {
                json.object { json in
                    json.member("threshold", rate.rule.rate)
                    json.member("long_minutes", rate.rule.long)
                    json.member("long", rate.long)
                    json.member("short_minutes", rate.rule.short)
                    json.member("short", rate.short)
                    json.member("burning", rate.isBurning)
                    json.member("minutes_burning", rate.minutesBurning)
                }
            }
        }
        json.array("days") { json in
            for (number, day) in days.enumerated() where day.requests > 0 {
                json.object { json in
                    json.member("day", number + 1)
                    json.member("requests", day.requests)
                    json.member("whole", day.whole)
                    json.member("by_stand_in", day.byStandIn)
                }
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func members(_ members: [(name: String, count: Int)]) {
        for (name, count) in members.sorted(by: { $0.name < $1.name }) {
            key(dynamic: name)
            value(count)
        }
    }
}
