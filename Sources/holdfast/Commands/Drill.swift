import ArgumentParser
import Failures
import NIOCore
import Settings
import Wire

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
        let answer = try await running.get("/admin/drills")
        if json { return print(String(buffer: answer)) }
        let root = try running.document(answer)
        var rows = [["ID", "BEGAN", "ROUTE", "PULLED", "AS", "VERDICT"]]
        for drill in root.list("running") { rows.append(Self.row(drill, "running: \(drill.text("phase"))")) }
        for drill in root.list("past") {
            let end = drill.text("end")
            rows.append(Self.row(drill, drill.text("verdict") + (end == "done" ? "" : ", \(end)")))
        }
        print(
            rows.count == 1
                ? "There has been no drill yet. Try: holdfast drill pull ROUTE --as withdrawn" : Table(rows: rows).text)
    }

    private static func row(_ drill: JSONView, _ verdict: String) -> [String] {
        [
            drill.text("id"), drill["started"]?.int.map { Status.moment($0) } ?? "-", drill.text("route"),
            drill.text("pulled"), drill.text("as"), verdict,
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
        let answer = try await running.get("/admin/drills/\(id)")
        print(json ? String(buffer: answer) : DrillText(try running.document(answer)).report)
    }
}
