import Encodings
import HoldfastServer
import Access
import ArgumentParser
import Availability

/// `holdfast sla`
struct SLA: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sla", abstract: "What contracts say of a month, and what applications felt.",
        subcommands: [SLAReport.self, SLAClaim.self, SLAContracts.self])
}

/// `holdfast sla report`
struct SLAReport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Contract uptime and continuity of a month or a day.",
        usage: "holdfast sla report (--month <month> | --day <day>) [<options>]",
        discussion: """
            Contracts count attempts at a provider, by their status; applications count requests \
            that were answered whole. Both stand here, side by side, and are never blended.

            Example: holdfast sla report --month 2026-06 --provider anthropic --html june.html
            """)

    @OptionGroup var time: ReportPeriod
    @OptionGroup var options: LedgerOptions
    @Option(help: "Only this provider's models.") var provider: String?
    @Flag(help: "Count anew out of the ledger, which is verified as it is read.") var verified = false
    @Flag(help: "Print JSON.") var json = false
    @Option(help: "Write a page with plots, which needs nothing else.", completion: .file()) var html: String?

    func run() throws {
        let settings = try options.server.loadSettings()
        let terms = try MonthReport.Terms(settings)
        if let provider, terms.placements[provider] == nil {
            complain("holdfast: the settings have no provider \"\(provider.printable.prefix(64))\"")
            throw ExitStatus.usage.exit
        }
        let period = time.period
        let source = try verified ? ReportSource.verified(options, period) : ReportSource.kept(settings, period)
        let report = MonthReport(
            period, source.histories, terms: terms, now: Int(UnixTime.now.seconds), provider: provider)
        if let html {
            try GivenFile.write(html, Array(report.page(label: time.label, source: source.words).utf8))
        }
        if json {
            print(report.json(label: time.label, source: source.members))
        } else if html == nil {
            print(text(report, source))
        }
    }

    private func text(_ report: MonthReport, _ source: ReportSource) -> String {
        var text =
            "\(time.label). \(source.words)\n\nWhat applications felt: requests, answered whole and in time by whomever\n"
        var rows = [["ROUTE", "REQUESTS", "CONTINUITY", "BY A STAND-IN", "BUDGET USED", "LOST TO", "CALLERS GONE"]]
        for route in report.routes {
            let lost = route.lostMinutes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { cause, minutes in
                "\(cause) \(Figures.count(route.lost[cause] ?? 0)) (\(Figures.duration(minutes: minutes)))"
            }
            let standIn =
                route.byStandIn == 0
                ? "0"
                : "\(Figures.count(route.byStandIn)) (\(Figures.duration(minutes: Double(route.minutesByStandIn))))"
            rows.append([
                route.title, Figures.count(route.requests), route.continuity.map(Figures.percent) ?? "-", standIn,
                route.budgetUsed.map(Figures.budget) ?? "-", lost.joined(separator: ", "),
                Figures.count(route.callersGone),
            ])
        }
        text += report.routes.isEmpty ? "  no requests\n" : Table(rows: rows, indent: 2).text + "\n"
        let blocked = report.routes.filter { $0.blocked > 0 }
        if !blocked.isEmpty {
            let counts = blocked.map { "\($0.title) \(Figures.count($0.blocked))" }
            text += "\nStopped by policy, and neither counted nor lost: \(counts.joined(separator: ", "))\n"
        }
        let burning = report.routes.flatMap { route in
            (report.burn[route.name] ?? []).filter(\.isBurning).map { rate in
                "  \(route.title) burns its error budget \(Figures.decimals(rate.long, 1)) times too fast over "
                    + "\(Figures.duration(minutes: Double(rate.rule.long))) (more than \(Figures.decimals(rate.rule.rate, 1)))"
            }
        }
        if !burning.isEmpty { text += "\n" + burning.joined(separator: "\n") + "\n" }
        if report.services.contains(where: { $0.verdicts.count > 1 }) {
            text += "\nWhere the settings name no `contract`, the published formulas stand side by side.\n"
        }
        if let unfinished = report.unfinished { text += "\n\(unfinished)\n" }
        text += "\nWhat contracts count: attempts, by the status of their answers\n"
        let head = ["ATTEMPTS", "NO ANSWER", "CONTRACT", "UPTIME", "CREDIT", "HELD", "FAILED FOR"]
        text +=
            report.services.isEmpty
            ? "  no attempts\n"
            : Table(rows: [["PROVIDER/MODEL"] + head] + report.services.flatMap(\.rows), indent: 2).text + "\n"
        for kind in MonthReport.Grouping.allCases {
            let members = report.groups.filter { $0.kind == kind }.map(\.report)
            guard !members.isEmpty else { continue }
            text +=
                "\n" + Table(rows: [[kind.rawValue.uppercased()] + head] + members.flatMap(\.rows), indent: 2).text
                + "\n"
        }
        return String(text.dropLast())
    }
}
