import Wire
import Encodings
import AdminAPI
import ArgumentParser
import Failures
import NIOCore
import Settings

/// `holdfast drill`
struct Drill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Rehearse that a model is pulled: under traffic, with an end that is certain.",
        discussion: """
            A drill concerns one route, and what it teaches is forgotten with it: no real hold, \
            no other route. It ends with its time, with Ctrl-C, and ten seconds after this \
            command is gone, however it went.
            """,
        subcommands: [DrillPull.self, DrillEnd.self, DrillList.self, DrillShow.self])
}

/// `holdfast drill end`
struct DrillEnd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "end", abstract: "End a drill now: the candidate is given back at once.",
        discussion: """
            Without an id, every drill that runs is ended.

            Example: holdfast drill end d_3fa9c2d1ab
            """)

    @Argument(help: "The drill's id; `holdfast drill list` has them. [default: all that run]")
    var id: String?
    @OptionGroup var server: ServerOption
    @Flag(help: "Print JSON, for programs: the ids that were ended.")
    var json = false

    func run() async throws {
        let running = try server.running()
        let drills = try await running.get(AdminPath.drills, as: DrillsView.self)
        let ended = drills.running.map(\.id).filter { id == nil || $0 == id }
        if let id, ended.isEmpty {
            let isPast = drills.past.contains { $0.id == id }
            complain(
                isPast
                    ? "holdfast: \(id) is over already; `holdfast drill show \(id)` prints its report"
                    : "holdfast: no drill \"\(id.printable.prefix(64))\" runs; `holdfast drill list` has them")
            throw ExitStatus.usage.exit
        }
        for drill in ended { _ = try await running.post(AdminPath.endDrill(drill)) }
        guard !json else {
            return printJSON { json in json.array("ended") { json in for drill in ended { json.value(drill) } } }
        }
        print(
            ended.isEmpty
                ? "No drill runs."
                : ended.map { "\($0) is ended; its candidate is given back." }.joined(separator: "\n"))
    }
}

/// `holdfast drill list`
struct DrillList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show running and past drills.")

    @OptionGroup var server: ServerOption
    @Flag(help: "Print the server's JSON.")
    var json = false

    func run() async throws {
        let running = try server.running()
        let answer = try await running.get(AdminPath.drills)
        if json { return print(String(buffer: answer)) }
        let view = try RunningHoldfast.read(answer, as: DrillsView.self)
        var rows = [["ID", "BEGAN", "ROUTE", "PULLED", "AS", "VERDICT"]]
        for drill in view.running { rows.append(Self.row(drill, "running: \(drill.phase.rawValue)")) }
        for drill in view.past {
            let early =
                switch drill.end {
                case .stopped, .lapsed: drill.end.map { ", \($0.rawValue)" } ?? ""
                case .done, nil: ""
                }
            rows.append(Self.row(drill, (drill.verdict?.rawValue ?? "") + early))
        }
        print(
            rows.count == 1
                ? "There has been no drill yet. Try: holdfast drill pull ROUTE --as withdrawn" : Table(rows: rows).text)
    }

    private static func row(_ drill: DrillView, _ verdict: String) -> [String] {
        [
            drill.id, drill.started.map { StatusText.moment($0) } ?? "-", drill.route, drill.pulled, drill.as, verdict,
        ]
    }
}

/// `holdfast drill show`
struct DrillShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print the report of a drill.")

    @Argument(help: "The drill's id; `holdfast drill list` has them.")
    var id: String
    @OptionGroup var server: ServerOption
    @Flag(help: "Print the server's JSON.")
    var json = false

    func run() async throws {
        guard id.utf8.allSatisfy({ $0 == 0x5F || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }),
            !id.isEmpty
        else {
            complain("holdfast: \"\(id.printable.prefix(64))\" is no drill's id; `holdfast drill list` has them")
            throw ExitStatus.usage.exit
        }
        let running = try server.running()
        let answer = try await running.get(AdminPath.drill(id))
        print(json ? String(buffer: answer) : DrillText(try RunningHoldfast.read(answer, as: DrillView.self)).report)
    }
}
