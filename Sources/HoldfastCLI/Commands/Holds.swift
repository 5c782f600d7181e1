import NIOCore
import Wire
import Encodings
import AdminAPI
import ArgumentParser
import Resilience

/// `holdfast hold`
struct HoldByHand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold",
        abstract: "Send nothing more to a model at a provider until a person restores it.",
        usage: "holdfast hold <model> --reason <reason> [<options>]",
        discussion: """
            Says first which routes lose it, and what serves in its place. Requests move to the \
            next candidate of their route; callers that nobody else can serve are told that the \
            model is held by hand, by whom and why. It survives a restart.

            Example: holdfast hold anthropic/claude-opus-4-8 --reason "answers are wrong since noon"
            """)

    @Argument(help: "provider/model.")
    var model: String
    @Option(help: "Why, for the record and for those who meet the hold.")
    var reason: String
    @Flag(help: "Hold it though a route is left without any candidate.")
    var yes = false
    @Flag(help: "Hold it though no route names it.")
    var force = false
    @Flag(help: "Print JSON, for programs: the hold, and the routes that lose the model.")
    var json = false
    @OptionGroup var server: ServerOption

    func validate() throws {
        guard let slash = model.firstIndex(of: "/"), slash != model.startIndex, !model[slash...].dropFirst().isEmpty
        else { throw ValidationError("name it as provider/model") }
        if reason.isEmpty { throw ValidationError("--reason must say something") }
    }

    func run() async throws {
        let running = try server.running()
        let losses = try await running.post(
            AdminPath.holds, order(isDryRun: true), as: HoldEffectView.self
        ).routes
        try weigh(losses)
        let view = try await running.post(AdminPath.holds, order(isDryRun: false), as: HoldsView.self)
        let hold = view.holds.first {
            "\($0.provider)/\($0.model ?? "")" == model && $0.origin == Hold.Origin.administrator.rawValue
        }
        guard !json else {
            return printJSON { json in
                json.member("id", hold?.id ?? "")
                json.member("model", model)
                json.array("routes") { json in
                    for loss in losses {
                        json.object { json in
                            json.member("name", loss.name)
                            json.array("left") { json in for name in loss.left { json.value(name) } }
                        }
                    }
                }
            }
        }
        print("\(model) is held (\(hold?.id ?? "")); `holdfast restore \(hold?.id ?? "ID")` brings it back.")
    }

    /// Says what the hold takes away.
    /// - Throws: an exit code where that needs another word of the operator's.
    private func weigh(_ routes: [HoldEffectView.Loss]) throws {
        if routes.isEmpty {
            say("No route has \(model) among its candidates.")
            if !force {
                complain(
                    "holdfast: nothing is held; is the name right? `holdfast status` lists candidates. --force holds it."
                )
                throw ExitStatus.usage.exit
            }
        }
        var emptied: [String] = []
        for route in routes {
            let left = route.left
            if left.isEmpty { emptied.append(route.name) }
            say(
                "Route \(route.name.printable) loses it; "
                    + (left.isEmpty
                        ? "nobody else can serve it." : "\(left.joined(separator: ", ").printable) can serve it."))
        }
        if !emptied.isEmpty, !yes {
            complain(
                "holdfast: nothing is held: \(emptied.joined(separator: ", ").printable) would be left without any "
                    + "candidate. --yes holds it all the same.")
            throw ExitStatus.usage.exit
        }
    }

    private func say(_ text: String) { if !json { print(text) } }

    private func order(isDryRun: Bool) -> HoldOrder {
        let parts = model.split(separator: "/", maxSplits: 1)
        return HoldOrder(
            provider: String(parts[0]), model: String(parts[1]), reason: reason, dryRun: isDryRun ? true : nil)
    }
}

/// `holdfast restore`
struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lift a hold: what it held may serve again.",
        discussion: "Ids are in `holdfast status`. What is still dead is held again at the next request.\n\n"
            + "Examples:\n  holdfast restore 1f2e3d4c5b6a\n  holdfast restore anthropic/claude-opus-4-8")

    @Argument(help: "The hold's id, or the provider/model that it holds.")
    var id: String
    @OptionGroup var server: ServerOption
    @Flag(help: "Print the server's JSON: the holds that remain.")
    var json = false

    func run() async throws {
        let (id, holds) = try await act(on: id, AdminPath.restoreHold, server)
        print(json ? String(buffer: holds) : "\(id) is lifted.")
    }
}

/// `holdfast acknowledge`
struct Acknowledge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Note that somebody has seen a hold; it goes on holding.",
        discussion: "Example: holdfast acknowledge 1f2e3d4c5b6a")

    @Argument(help: "The hold's id, or the provider/model that it holds.")
    var id: String
    @OptionGroup var server: ServerOption
    @Flag(help: "Print the server's JSON: the holds that remain.")
    var json = false

    func run() async throws {
        let (id, holds) = try await act(on: id, AdminPath.acknowledgeHold, server)
        print(json ? String(buffer: holds) : "\(id) is acknowledged.")
    }
}

/// - Returns: the id of the hold, and the server's answer.
private func act(
    on named: String, _ path: (String) -> String, _ server: ServerOption
) async throws -> (id: String, holds: ByteBuffer) {
    let running = try server.running()
    let id = try await named.contains("/") ? hold(on: named, running) : named
    guard !id.isEmpty, id.utf8.count <= 64, id.utf8.allSatisfy({ $0 < 0x80 && ($0 > 0x2F || $0 == 0x2D) && $0 != 0x3F })
    else {
        complain("holdfast: \"\(id.printable.prefix(64))\" is no hold's id; `holdfast status` lists them")
        throw ExitStatus.usage.exit
    }
    return (id, try await running.post(path(id)))
}

/// The id of the one hold on a model.
/// - Throws: an exit code where there is none, or more than one; the reason has been printed.
private func hold(on model: String, _ running: RunningHoldfast) async throws -> String {
    let holds = try await running.get(AdminPath.holds, as: HoldsView.self).holds
    let ids = holds.filter { "\($0.provider)/\($0.model ?? "")" == model }.map(\.id)
    if ids.count == 1 { return ids[0] }
    complain(
        ids.isEmpty
            ? "holdfast: there is no hold on \(model.printable); `holdfast status` lists all holds"
            : "holdfast: there are \(ids.count) holds on \(model.printable); name one: \(ids.joined(separator: ", "))")
    throw ExitStatus.usage.exit
}
