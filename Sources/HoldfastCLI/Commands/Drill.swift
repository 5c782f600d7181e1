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
        subcommands: [DrillPull.self, DrillList.self, DrillShow.self])
}

/// `holdfast drill list`
struct DrillList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show running and past drills.")

    @OptionGroup var config: ConfigOption
    @Flag(help: "Print the server's JSON.")
    var json = false

    func run() async throws {
        let running = try RunningHoldfast(try config.load(warns: false))
        let answer = try await running.get(AdminPath.drills)
        if json { return print(String(buffer: answer)) }
        let view = try RunningHoldfast.read(answer, as: DrillsView.self)
        var rows = [["ID", "BEGAN", "ROUTE", "PULLED", "AS", "VERDICT"]]
        for drill in view.running { rows.append(Self.row(drill, "running: \(drill.phase)")) }
        for drill in view.past {
            let end = drill.end ?? ""
            rows.append(Self.row(drill, (drill.verdict ?? "") + (end == "done" ? "" : ", \(end)")))
        }
        print(
            rows.count == 1
                ? "There has been no drill yet. Try: holdfast drill pull ROUTE --as withdrawn" : Table(rows: rows).text)
    }

    private static func row(_ drill: DrillView, _ verdict: String) -> [String] {
        [
            drill.id, drill.started.map { Status.day($0) } ?? "-", drill.route, drill.pulled, drill.as, verdict,
        ]
    }
}

/// `holdfast drill show`
struct DrillShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print the report of a drill.")

    @Argument(help: "The drill's id; `holdfast drill list` has them.")
    var id: String
    @OptionGroup var config: ConfigOption
    @Flag(help: "Print the server's JSON.")
    var json = false

    func run() async throws {
        guard id.utf8.allSatisfy({ $0 == 0x5F || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }),
            !id.isEmpty
        else {
            complain("holdfast: \"\(id.printable.prefix(64))\" is no drill's id; `holdfast drill list` has them")
            throw ExitStatus.usage.exit
        }
        let running = try RunningHoldfast(try config.load(warns: false))
        let answer = try await running.get(AdminPath.drill(id))
        print(json ? String(buffer: answer) : DrillText(try RunningHoldfast.read(answer, as: DrillView.self)).report)
    }
}
