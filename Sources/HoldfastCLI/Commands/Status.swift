import Access
import AdminAPI
import ArgumentParser
import Encodings
import NIOCore

/// `holdfast status`
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show every route's candidates, who is held and why, whose breaker is open, and running drills.",
        discussion: """
            Words in quotation marks are the provider's own, shortened. A hold is lifted by \
            `holdfast restore ID`, and noted as seen by `holdfast acknowledge ID`. A route is down when none of at least 3 requests in 5 minutes \
            was answered, or none of the last 10, or none of the last 3 while every breaker is \
            open or half-open, or when no candidate is in service. It is degraded when a stand-in \
            serves it, or fewer than half of its requests are answered.

            Exit codes: 0 every route serves, 1 a route is degraded, 2 a route is down.

            Example: holdfast status --config holdfast.yaml
            """)

    @OptionGroup var server: ServerOption

    @Flag(help: "Print the server's JSON: routes, breakers, holds and drills.")
    var json = false

    func run() async throws {
        let running = try server.running()
        let routes = try await running.get(AdminPath.routes)
        let holds = try await running.get(AdminPath.holds)
        let drills = try await running.get(AdminPath.drills)
        let read = try RunningHoldfast.read(routes, as: RoutesView.self)
        if json {
            print(
                #"{"routes":\#(String(buffer: routes)),"holds":\#(String(buffer: holds)),"drills":\#(String(buffer: drills))}"#
            )
            return try exit(read.routes)
        }
        printRoutes(read.routes)
        printStates(read.routes)
        printHolds(try RunningHoldfast.read(holds, as: HoldsView.self))
        printBreakers(read.breakers)
        printDrills(try RunningHoldfast.read(drills, as: DrillsView.self).running)
        if let problem = read.refusedEdit {
            print("\nSETTINGS: the last edit is broken and not in force; the next start would fail")
            print("  \(problem.printable)")
        }
        try exit(read.routes)
    }

    /// Ends the command with a code for the worst state of a route.
    private func exit(_ routes: [RoutesView.Route]) throws {
        let states = Set(routes.map(\.state))
        if states.contains("down") { throw ExitCode(2) }
        if states.contains("degraded") { throw ExitCode(1) }
    }

    private func printStates(_ routes: [RoutesView.Route]) {
        let rows = routes.map { route in
            var notes: [String] = []
            if let reason = route.reason { notes.append(reason) }
            if route.recentRequests == 0 {
                notes.append(
                    route.lastRequest.map { "idle since \(Self.moment($0))" } ?? "no request since the start")
            } else if route.reason == nil {
                notes.append("\(route.recentAnswered) of \(route.recentRequests) requests in 5 min answered")
            }
            return [route.name, route.state, notes.joined(separator: "; ")]
        }
        print("")
        print(Table(rows: [["ROUTE", "STATE", "REASON"]] + rows).text)
    }

    private func printRoutes(_ routes: [RoutesView.Route]) {
        var rows = [["ROUTE", "CANDIDATE", "STATE", "LAST ANSWER", "RETIRES"]]
        for route in routes {
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
        print(Table(rows: rows).text)
    }

    private func printHolds(_ view: HoldsView) {
        print("\nHOLDS" + (view.holds.isEmpty ? ": none" : ""))
        if !view.holds.isEmpty {
            // A column without a word in it would fold the table at 80 columns.
            let isAnySeen = view.holds.contains { $0.acknowledgedBy != nil }
            var rows = [["ID", "WHAT", "REASON", "CONFIDENCE", "SINCE"] + (isAnySeen ? ["ACKNOWLEDGED BY"] : [])]
            for hold in view.holds {
                let what = hold.model.map { "\(hold.provider)/\($0)" } ?? hold.provider
                let row = [
                    hold.id, what + (hold.scope == "model" ? "" : " (\(hold.scope))"), hold.name,
                    hold.secondsLeft.map { "\($0) s left" } ?? hold.firmness, Self.moment(hold.since),
                ]
                rows.append(row + (isAnySeen ? [hold.acknowledgedBy ?? "-"] : []))
            }
            print(Table(rows: rows, indent: 2).text)
            for hold in view.holds {
                let words = hold.reason ?? hold.words
                if !words.isEmpty { print("  \(hold.id): “\(words.printable)”") }
                if hold.countsForKeys != nil {
                    print("  \(hold.id): moves only requests of the keys that met it, until a probe confirms it")
                }
            }
        }
        for back in view.returned {
            print(
                "  \(back.id): \(back.provider)\(back.model.map { "/\($0)" } ?? "") is back; `holdfast restore` lets it "
                    + "serve first again")
        }
    }

    private func printBreakers(_ breakers: [RoutesView.Breaker]) {
        let open = breakers.filter { $0.state != "closed" }
        guard !open.isEmpty else { return }
        print("\nBREAKERS")
        let rows = open.map { [$0.key, $0.state, $0.cause, "\($0.failures) failures in a row"] }
        print(Table(rows: rows, indent: 2).text)
    }

    private func printDrills(_ drills: [DrillView]) {
        for drill in drills {
            print("\nDRILL \(drill.id): \(drill.pulled) on \(drill.route) as \(drill.as), \(drill.phase)")
        }
    }

    /// `2026-06-12 10:15Z`: a date and its zone, to the minute.
    static func moment(_ seconds: Int) -> String {
        String(UnixTime(seconds: Int64(seconds)).description.prefix(16)).replacing("T", with: " ") + "Z"
    }

    private static func ago(_ seconds: Int) -> String {
        switch seconds {
        case ..<120: "\(seconds) s ago"
        case ..<7200: "\(seconds / 60) min ago"
        default: "\(seconds / 3600) h ago"
        }
    }
}
