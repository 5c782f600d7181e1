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

    @Flag(help: "Print the server's JSON: routes, breakers, holds, drills and suspensions.")
    var json = false

    func run() async throws {
        let running = try server.running()
        let routes = try await running.get(AdminPath.routes)
        let holds = try await running.get(AdminPath.holds)
        let drills = try await running.get(AdminPath.drills)
        let suspensions = try await running.get(AdminPath.suspensions)
        let text = StatusText(
            try RunningHoldfast.read(routes, as: RoutesView.self),
            holds: try RunningHoldfast.read(holds, as: HoldsView.self),
            drills: try RunningHoldfast.read(drills, as: DrillsView.self),
            suspensions: try RunningHoldfast.read(suspensions, as: SuspensionsView.self).suspensions)
        if json {
            print(
                #"{"routes":\#(String(buffer: routes)),"holds":\#(String(buffer: holds)),"#
                    + #""drills":\#(String(buffer: drills)),"suspensions":\#(String(buffer: suspensions))}"#)
        } else {
            print(text.whole)
        }
        let code = text.exitCode
        if code != 0 { throw ExitCode(code) }
    }
}
