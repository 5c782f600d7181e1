import ArgumentParser
import NIOCore
import Wire

/// `holdfast hold`
struct HoldByHand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold",
        abstract: "Send nothing more to a model at a provider until somebody restores it.",
        discussion: """
            Requests move to the next candidate of their route. It survives a restart.

            Example: holdfast hold anthropic/claude-opus-4-8 --reason "answers are wrong since noon"
            """)

    @Argument(help: "provider/model.")
    var model: String
    @Option(help: "Why, for the record.")
    var reason: String
    @OptionGroup var config: ConfigOption

    func validate() throws {
        guard let slash = model.firstIndex(of: "/"), slash != model.startIndex, !model[slash...].dropFirst().isEmpty
        else { throw ValidationError("name it as provider/model") }
        if reason.isEmpty { throw ValidationError("--reason must say something") }
    }

    func run() async throws {
        let running = try RunningHoldfast(try config.load(warns: false))
        let slash = model.firstIndex(of: "/")!
        var json = JSONWriter()
        json.object { json in
            json.member("provider", String(model[..<slash]))
            json.member("model", String(model[slash...].dropFirst()))
            json.member("reason", reason)
        }
        let root = try running.document(try await running.post("/admin/holds", json.buffer))
        let hold = root.list("holds").first { "\($0.text("provider"))/\($0.text("model"))" == model }
        print(
            "\(model) is held (\(hold?.text("id") ?? "")); `holdfast restore \(hold?.text("id") ?? "ID")` brings it back."
        )
    }
}

/// `holdfast restore`
struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lift a hold: what it held may serve again.",
        discussion: "Ids are in `holdfast status`. What is still dead is held again at the next request.\n\n"
            + "Example: holdfast restore 1f2e3d4c5b6a")

    @Argument(help: "The hold's id.")
    var id: String
    @OptionGroup var config: ConfigOption

    func run() async throws {
        try await act(on: id, "restore", config)
        print("\(id) is lifted.")
    }
}

/// `holdfast acknowledge`
struct Acknowledge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Note that somebody has seen a hold; it goes on holding.",
        discussion: "Example: holdfast acknowledge 1f2e3d4c5b6a")

    @Argument(help: "The hold's id.")
    var id: String
    @OptionGroup var config: ConfigOption

    func run() async throws {
        try await act(on: id, "acknowledge", config)
        print("\(id) is acknowledged.")
    }
}

private func act(on id: String, _ verb: String, _ config: ConfigOption) async throws {
    guard !id.isEmpty, id.utf8.count <= 64, id.utf8.allSatisfy({ $0 < 0x80 && ($0 > 0x2F || $0 == 0x2D) && $0 != 0x3F })
    else {
        complain("holdfast: \"\(id.printable.prefix(64))\" is no hold's id; `holdfast status` lists them")
        throw ExitStatus.usage.exit
    }
    let running = try RunningHoldfast(try config.load(warns: false))
    _ = try await running.post("/admin/holds/\(id)/\(verb)")
}
