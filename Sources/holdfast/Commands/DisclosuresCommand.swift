import ArgumentParser
import Availability
import NIOCore
import Wire

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
    @OptionGroup var config: ConfigOption

    func run() async throws {
        let running = try RunningHoldfast(try config.load(warns: false))
        let answer = try await running.get("/admin/disclosures")
        guard !json else { return print(String(buffer: answer)) }
        let root = try running.document(answer)
        let models = root.list("models").map { model in
            let told = model["egress_today"]?.int ?? 0
            let budget = model["egress_per_day"]?.int
            return [
                model.text("model"), Figures.count(told), budget.map(Figures.count) ?? "no limit",
                budget.map { Self.part(told, of: $0) } ?? "-", Figures.count(model["hidden_size"]?.int ?? 0),
                Figures.count(model["values_to_recover"]?.int ?? 0),
            ]
        }
        guard !models.isEmpty else { return print("No model is hosted here.") }
        print("Answers today (UTC), in bytes:\n")
        let head = ["MODEL", "TOLD", "BUDGET", "USED", "HIDDEN SIZE", "VALUES TO RECOVER THE LAST LAYER"]
        print(Table(rows: [head] + models, indent: 2).text)
        let measured = root.list("measured").flatMap { Self.rows($0) }
        guard !measured.isEmpty else { return print("\nNobody has measured anything.") }
        print("\nWho has been told how many values of a last layer, in all:\n")
        print(Table(rows: [["WHO", "MODEL", "VALUES", "LIMIT", "USED"]] + measured, indent: 2).text)
    }

    /// One for each model that is still hosted.
    private static func rows(_ one: JSONView) -> [[String]] {
        let values = one["values"]?.int ?? 0
        let shown = one.text("who") == "tenant:" ? "tenant: (keys without one)" : one.text("who")
        let rows = one.list("models").map { model in
            let limit = model["of"]?.int ?? 0
            return [shown, model.text("model"), Figures.count(values), Figures.count(limit), part(values, of: limit)]
        }
        return rows.isEmpty ? [[shown, "(no longer hosted)", Figures.count(values), "-", "-"]] : rows
    }

    private static func part(_ count: Int, of whole: Int) -> String {
        whole > 0 ? Figures.decimals(Double(count) / Double(whole) * 100, 1) + " %" : "-"
    }
}

/// `holdfast disclosures forgive`
struct DisclosuresForgive: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forgive", abstract: "Begin anew to count what a key, or a tenant, has measured.")

    @Argument(help: "As `holdfast disclosures` shows it: key:ID or tenant:NAME.")
    var who: String
    @Flag(help: "Print JSON, for programs.")
    var json = false
    @OptionGroup var config: ConfigOption

    func run() async throws {
        var order = JSONWriter()
        order.object { json in json.member("who", who) }
        let running = try RunningHoldfast(try config.load(warns: false))
        _ = try await running.post("/admin/disclosures/forgive", order.buffer)
        guard !json else { return print(String(buffer: order.buffer)) }
        print("\(who.printable) may measure anew.")
    }
}
