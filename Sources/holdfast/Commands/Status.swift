import Access
import ArgumentParser
import Encodings
import NIOCore
import Settings
import Wire

/// `holdfast status`
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show every route's candidates, who is held and why, whose breaker is open, and running drills.",
        discussion: """
            Words in quotation marks are the provider's own, shortened. A hold is lifted by \
            `holdfast restore ID`.

            Example: holdfast status --config holdfast.yaml
            """)

    @OptionGroup var config: ConfigOption

    @Flag(help: "Print the server's JSON: routes, breakers, holds and drills.")
    var json = false

    func run() async throws {
        let running = try RunningHoldfast(try config.load(warns: false))
        let routes = try await running.get("/admin/routes")
        let holds = try await running.get("/admin/holds")
        let drills = try await running.get("/admin/drills")
        if json {
            return print(
                #"{"routes":\#(String(buffer: routes)),"holds":\#(String(buffer: holds)),"drills":\#(String(buffer: drills))}"#
            )
        }
        printRoutes(try running.document(routes))
        printHolds(try running.document(holds))
        printBreakers(try running.document(routes))
        printDrills(try running.document(drills))
    }

    private func printRoutes(_ root: JSONView) {
        var rows = [["ROUTE", "CANDIDATE", "STATE", "LAST ANSWER", "RETIRES"]]
        for route in root.list("routes") {
            for (index, candidate) in route.list("candidates").enumerated() {
                var stands = candidate.text("standing")
                if let seconds = candidate["seconds_left"]?.int { stands += ", \(seconds) s left" }
                if let hold = candidate["hold"]?.string { stands += ", held: \(hold)" }
                if let cause = candidate["cause"]?.string { stands += " (\(cause))" }
                if let awaited = candidate["awaits"]?.string { stands += ", returns \(awaited)" }
                rows.append([
                    index == 0 ? route.text("name") : "", "\(candidate.text("provider"))/\(candidate.text("model"))",
                    stands, candidate["seconds_since_answer"]?.int.map { Self.ago($0) } ?? "-",
                    candidate["retires"]?.int.map { Self.moment($0) } ?? "-",
                ])
            }
        }
        print(Table(rows: rows).text)
    }

    private func printHolds(_ root: JSONView) {
        let holds = root.list("holds")
        print("\nHOLDS" + (holds.isEmpty ? ": none" : ""))
        if !holds.isEmpty {
            var rows = [["ID", "WHAT", "REASON", "CONFIDENCE", "SINCE", "ACKNOWLEDGED BY"]]
            for hold in holds {
                let what = hold["model"]?.string.map { "\(hold.text("provider"))/\($0)" } ?? hold.text("provider")
                let scope = hold.text("scope")
                rows.append([
                    hold.text("id"), what + (scope == "model" ? "" : " (\(scope))"), hold.text("name"),
                    hold["seconds_left"]?.int.map { "\($0) s left" } ?? hold.text("firmness"),
                    hold["since"]?.int.map { Self.moment($0) } ?? "-", hold["acknowledged_by"]?.string ?? "-",
                ])
            }
            print(Table(rows: rows, indent: 2).text)
            for hold in holds {
                let words = hold["reason"]?.string ?? hold.text("words")
                if !words.isEmpty { print("  \(hold.text("id")): “\(words.printable)”") }
                if hold["counts_for_keys"] != nil {
                    print(
                        "  \(hold.text("id")): moves only requests of the keys that met it, until a probe confirms it")
                }
            }
        }
        for back in root.list("returned") {
            let model = back["model"]?.string.map { "/\($0)" } ?? ""
            print(
                "  \(back.text("id")): \(back.text("provider"))\(model) is back; `holdfast restore` lets it serve first again"
            )
        }
    }

    private func printBreakers(_ root: JSONView) {
        let open = root.list("breakers").filter { $0["state"]?.string != "closed" }
        guard !open.isEmpty else { return }
        print("\nBREAKERS")
        let rows = open.map {
            [$0.text("key"), $0.text("state"), $0.text("cause"), "\($0["failures"]?.int ?? 0) failures in a row"]
        }
        print(Table(rows: rows, indent: 2).text)
    }

    private func printDrills(_ root: JSONView) {
        for drill in root.list("running") {
            print(
                "\nDRILL \(drill.text("id")): \(drill.text("pulled")) on \(drill.text("route")) as \(drill.text("as")), "
                    + drill.text("phase"))
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

extension JSONView {
    /// A member's text; empty if there is none.
    func text(_ name: StaticString) -> String { self[name]?.string ?? "" }
    func list(_ name: StaticString) -> [JSONView] { self[name].map { Array($0.elements) } ?? [] }
}

extension String {
    /// Without what a terminal would obey, in one line.
    var printable: String { Printable.text(self) }
}
