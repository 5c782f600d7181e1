import Encodings
import AdminAPI
import ArgumentParser
import Availability
import NIOCore

/// `holdfast disclosures`
struct DisclosuresCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disclosures",
        abstract: "What hosted models have told: answers a day, and who has measured how much.",
        discussion: """
            Values are logits, as log-probabilities and biased tokens tell them: a
            model's last layer can be recovered from about (h + 4)² of them, h being
            its hidden size.

              holdfast disclosures
              holdfast disclosures forgive key:k_1f2e3d4c
            """,
        subcommands: [DisclosuresShow.self, DisclosuresForgive.self], defaultSubcommand: DisclosuresShow.self)
}

/// `holdfast disclosures show`
struct DisclosuresShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show it.")

    @Flag(help: "Print JSON, for programs.")
    var json = false
    @OptionGroup var server: ServerOption

    func run() async throws {
        let running = try server.running()
        let answer = try await running.get(AdminPath.disclosures)
        guard !json else { return print(String(buffer: answer)) }
        let view = try RunningHoldfast.read(answer, as: DisclosuresView.self)
        let models = view.models.map { model in
            [
                model.model, Figures.count(model.egressToday), model.egressPerDay.map(Figures.count) ?? "no limit",
                model.egressPerDay.map { Self.part(model.egressToday, of: $0) } ?? "-",
                Figures.count(model.hiddenSize), Figures.count(model.valuesToRecover),
            ]
        }
        guard !models.isEmpty else { return print("No model is hosted here.") }
        print("Answers today (UTC), in bytes:\n")
        let head = ["MODEL", "TOLD", "BUDGET", "USED", "HIDDEN SIZE", "VALUES TO RECOVER THE LAST LAYER"]
        print(Table(rows: [head] + models, indent: 2).text)
        let measured = view.measured.flatMap { Self.rows($0) }
        guard !measured.isEmpty else { return print("\nNobody has measured anything.") }
        print("\nWho has been told how many values of a last layer, in all:\n")
        print(Table(rows: [["WHO", "MODEL", "VALUES", "LIMIT", "USED"]] + measured, indent: 2).text)
    }

    /// A row for each model that is still hosted.
    private static func rows(_ one: DisclosuresView.Measured) -> [[String]] {
        let shown = one.who == "tenant:" ? "tenant: (keys without one)" : one.who
        let rows = one.models.map { model in
            [shown, model.model, Figures.count(one.values), Figures.count(model.of), part(one.values, of: model.of)]
        }
        return rows.isEmpty ? [[shown, "(no longer hosted)", Figures.count(one.values), "-", "-"]] : rows
    }

    private static func part(_ count: Int, of whole: Int) -> String {
        whole > 0 ? Figures.decimals(Double(count) / Double(whole) * 100, 1) + " %" : "-"
    }
}

/// `holdfast disclosures forgive`
struct DisclosuresForgive: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forgive", abstract: "Begin anew to count what a key, or a tenant, has measured.",
        usage: "holdfast disclosures forgive <who> [<options>]")

    @Argument(help: "As `holdfast disclosures` shows it: key:ID or tenant:NAME.")
    var who: String
    @Flag(help: "Print JSON, for programs.")
    var json = false
    @OptionGroup var server: ServerOption

    func run() async throws {
        let running = try server.running()
        let order = ForgiveOrder(who: who)
        _ = try await running.post(AdminPath.forgiveDisclosures, order)
        guard !json else { return print(String(decoding: try AdminJSON.encode(order), as: UTF8.self)) }
        print("\(who.printable) may measure anew.")
    }
}
