import Access
package import AdminAPI
import Encodings
import Failures
import Resilience

/// The state of a running Holdfast for people: routes, holds, breakers and
/// running drills.
package struct StatusText {
    private let routes: RoutesView
    private let holds: HoldsView
    private let drills: DrillsView
    private let suspensions: [SuspensionView]

    /// - Parameter suspensions: those that are over, too; they are left out.
    package init(_ routes: RoutesView, holds: HoldsView, drills: DrillsView, suspensions: [SuspensionView] = []) {
        self.routes = routes
        self.holds = holds
        self.drills = drills
        self.suspensions = suspensions.filter { $0.phase != "restored" && $0.phase != "lapsed" }
    }

    /// 0 where every route serves, 1 where one is degraded, 2 where one is
    /// down.
    package var exitCode: Int32 {
        routes.routes.map { route in
            switch route.state {
            case .serving: 0
            case .degraded: 1
            case .down: 2
            }
        }.max() ?? 0
    }

    package var whole: String {
        var parts = [candidates, states, held]
        if let breakers { parts.append(breakers) }
        if !suspensions.isEmpty { parts.append(suspended) }
        for drill in drills.running {
            parts.append(
                "DRILL \(drill.id): \(drill.pulled) on \(drill.route) as \(drill.as), \(drill.phase.rawValue)")
        }
        if let problem = routes.refusedEdit {
            parts.append(
                "SETTINGS: the last edit is broken and not in force; the next start would fail\n  \(problem.printable)")
        }
        return parts.joined(separator: "\n\n")
    }

    private var suspended: String {
        var rows = [["SUSPENDED", "SCOPE", "PHASE", "BY", "SINCE"]]
        for suspension in suspensions {
            var phase = suspension.phase.printable
            if let percent = suspension.standing.percent { phase += ", \(percent)% let through" }
            if suspension.standing.isOverdue { phase += ", not ratified in time" }
            rows.append([
                suspension.id, suspension.scopes.map(\.printable).joined(separator: " "), phase,
                suspension.orderedBy.printable, Self.moment(suspension.ordered),
            ])
        }
        return Table(rows: rows).text + "\n`holdfast veto show ID` tells more."
    }

    private var candidates: String {
        var rows = [["ROUTE", "CANDIDATE", "STATE", "LAST ANSWER", "RETIRES"]]
        for route in routes.routes {
            for (index, candidate) in route.candidates.enumerated() {
                var stands = candidate.standing
                if let seconds = candidate.secondsLeft { stands += ", \(seconds) s left" }
                if let hold = candidate.hold { stands += ", held: \(hold)" }
                if let cause = candidate.cause { stands += " (\(cause))" }
                if let awaited = candidate.awaits { stands += ", returns \(awaited)" }
                rows.append([
                    index == 0 ? route.name : "", "\(candidate.provider)/\(candidate.model)", stands,
                    candidate.secondsSinceAnswer.map { Self.ago($0) } ?? "-",
                    candidate.retires.map { Self.moment($0) } ?? "-",
                ])
            }
        }
        return Table(rows: rows).text
    }

    private var states: String {
        let rows = routes.routes.map { route in
            var notes: [String] = []
            if let reason = route.reason { notes.append(reason) }
            if route.recentRequests == 0 {
                notes.append(
                    route.lastRequest.map { "idle since \(Self.moment($0))" } ?? "no request since the start")
            } else if route.reason == nil {
                notes.append("\(route.recentAnswered) of \(route.recentRequests) requests in 5 min answered")
            }
            return [route.name, route.state.rawValue, notes.joined(separator: "; ")]
        }
        return Table(rows: [["ROUTE", "STATE", "REASON"]] + rows).text
    }

    private var held: String {
        var lines = ["HOLDS" + (holds.holds.isEmpty ? ": none" : "")]
        if !holds.holds.isEmpty {
            // A column without a word in it would fold the table at 80 columns.
            let isAnySeen = holds.holds.contains { $0.acknowledgedBy != nil }
            var rows = [["ID", "WHAT", "REASON", "CONFIDENCE", "SINCE"] + (isAnySeen ? ["ACKNOWLEDGED BY"] : [])]
            for hold in holds.holds {
                let what = hold.model.map { "\(hold.provider)/\($0)" } ?? hold.provider
                let row = [
                    hold.id, what + (hold.scope == Scope.model.rawValue ? "" : " (\(hold.scope))"), hold.name,
                    hold.secondsLeft.map { "\($0) s left" } ?? hold.firmness, Self.moment(hold.since),
                ]
                rows.append(row + (isAnySeen ? [hold.acknowledgedBy ?? "-"] : []))
            }
            lines.append(Table(rows: rows, indent: 2).text)
            for hold in holds.holds {
                let words = hold.reason ?? hold.words
                if !words.isEmpty { lines.append("  \(hold.id): “\(words.printable)”") }
                if hold.countsForKeys != nil {
                    lines.append(
                        "  \(hold.id): moves only requests of the keys that met it, until a probe confirms it")
                }
            }
        }
        for back in holds.returned {
            lines.append(
                "  \(back.id): \(back.provider)\(back.model.map { "/\($0)" } ?? "") is back; `holdfast restore` lets it "
                    + "serve first again")
        }
        return lines.joined(separator: "\n")
    }

    /// Nil where all are closed.
    private var breakers: String? {
        let open = routes.breakers.filter { $0.state != BreakerReport.State.closed.rawValue }
        guard !open.isEmpty else { return nil }
        let rows = open.map { [$0.key, $0.state, $0.cause, "\($0.failures) failures in a row"] }
        return "BREAKERS\n" + Table(rows: rows, indent: 2).text
    }

    // MARK: Times

    /// `2026-06-12 10:15Z`: a date and its zone, to the minute.
    package static func moment(_ seconds: Int) -> String {
        String(UnixTime(seconds: Int64(seconds)).description.prefix(16)).replacing("T", with: " ") + "Z"
    }

    /// `2026-06-12T10:15:30Z`: a time that options take.
    package static func exact(_ seconds: Int) -> String { UnixTime(seconds: Int64(seconds)).description }

    private static func ago(_ seconds: Int) -> String {
        switch seconds {
        case ..<120: "\(seconds) s ago"
        case ..<7200: "\(seconds / 60) min ago"
        default: "\(seconds / 3600) h ago"
        }
    }
}
