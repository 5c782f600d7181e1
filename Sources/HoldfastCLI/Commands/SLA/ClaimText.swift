import Access
import Availability
import Ledger
import Settings

/// A claim, in words.
struct ClaimText {
    let month: String
    let provider: ProviderSettings
    let contract: Contract
    let report: MonthReport
    let incidents: [Incident]
    let evidence: ClaimEvidence
    let checkpoint: Checkpoint
    /// Entries before it were pruned.
    let minimumIndex: UInt64
    let now: UnixTime
    let key: String
    /// The most that are written.
    let proofs: Int

    private func time(_ minute: Int) -> String {
        UnixTime(seconds: Int64(report.period.start + minute * 60)).description
    }

    /// The contract's word on all of the provider's models, and on each.
    private var verdicts: [(name: String, verdict: ServiceReport.Verdict)] {
        let whole = report.groups.filter { $0.kind == .provider }.map(\.report)
        return (whole + report.services).compactMap { service in
            service.verdicts.first.map { (service.name, $0) }
        }
    }

    private var owes: Bool { verdicts.contains { $0.verdict.credit > 0 } }

    /// The last day on which the claim may be made; nil where the contract
    /// gives no window.
    private var deadline: UnixTime? {
        guard let notice = contract.notice else { return nil }
        let start = UnixTime("\(month)-01")!
        // The earliest day that the window of any of the month's incidents
        // closes on.
        let first = incidents.first.map { UnixTime(seconds: Int64(report.period.start + $0.minutes.lowerBound * 60)) }
        return switch notice {
        case .daysAfter(let days): (first ?? start) + .seconds(days * 86_400)
        case .daysAfterMonth(let days): start.monthLater(1) + .seconds(days * 86_400 - 1)
        case .endOfMonthAfter(let months): start.monthLater(months + 1) + .seconds(-1)
        }
    }

    private var window: String {
        guard let deadline, let notice = contract.notice else {
            return "The contract as it is counted gives no window."
        }
        let day = deadline.description.prefix(10)
        guard now <= deadline else { return "The window closed on \(day) (\(notice.words))." }
        let left = Int(deadline.seconds - now.seconds) / 86_400
        return "The window closes on \(day) (\(notice.words)), in \(Figures.count(left, "day"))."
    }

    var incidentTable: String {
        "service,from,to,errors,attempts,statuses\n"
            + incidents.map { incident in
                let statuses = incident.statuses.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }
                return "\"\(incident.service.replacing("\"", with: "\"\""))\",\(time(incident.minutes.lowerBound)),"
                    + "\(time(incident.minutes.upperBound)),\(incident.errors),\(incident.attempts),"
                    + "\(statuses.joined(separator: " "))\n"
            }.joined()
    }

    var letter: String {
        var text = "# SLA credit request: \(provider.name), \(month)\n\n"
        text += "Contract: \(contract.title.isEmpty ? contract.name : contract.title)\n"
        if !contract.source.isEmpty { text += "Published at \(contract.source), dated \(contract.dated)\n" }
        if !contract.textDigest.isEmpty { text += "SHA-256 of its text: \(contract.textDigest)\n" }
        text += "Region: \(provider.region ?? "not said in the settings")\nHost: \(provider.host ?? provider.name)\n\n"
        text += "\(window)\n\n## What the contract's formula gives\n\n"
        text += "\(contract.formula.words); errors are \(contract.failing.words).\n\n"
        text += "| counted | uptime | credit |\n|---|---|---|\n"
        for (name, verdict) in verdicts {
            text += "| \(name) | \(Figures.percent(verdict.uptime)) | \(Figures.decimals(verdict.credit, 0)) % |\n"
        }
        if !owes { text += "\nBy this formula no credit is due.\n" }
        text += "\nMeanwhile, what applications felt (no part of the claim):\n\n"
        for route in report.routes where route.requests > 0 {
            text +=
                "- \(route.title): \(route.continuity.map(Figures.percent) ?? "-") of "
                + "\(Figures.count(route.requests)) requests answered whole\n"
        }
        if let unfinished = report.unfinished { text += "\nThis is no final claim yet. \(unfinished)\n" }
        text += "\n## Incidents\n\n"
        text +=
            incidents.isEmpty
            ? "None: no attempt failed in the contract's sense.\n"
            : "| model | from | to | errors | of |\n|---|---|---|---|---|\n"
        for incident in incidents.prefix(100) {
            text +=
                "| \(incident.service) | \(time(incident.minutes.lowerBound)) | \(time(incident.minutes.upperBound)) "
                + "| \(Figures.count(incident.errors)) | \(Figures.count(incident.attempts)) |\n"
        }
        if incidents.count > 100 { text += "\nAnd \(incidents.count - 100) more, in incidents.csv.\n" }
        text += "\n## Evidence\n\n"
        if minimumIndex > 0 {
            text += "- Entries before \(minimumIndex) were pruned from the log: what they told is missing here.\n"
        }
        text +=
            "- requests.jsonl: every failed request: time, id, model, status. Prompts, answers, keys and names of "
            + "routes are not in it.\n"
        text +=
            "- proofs/: \(min(proofs, evidence.indexes.count)) of \(evidence.indexes.count) log entries with proofs "
            + "(C2SP tlog-proof). An entry is whole in its proof, with the names of route and key.\n"
        text +=
            "- The log is \(checkpoint.origin), at \(checkpoint.size) entries its root is \(checkpoint.root.base64). "
            + "Each proof is checked with `holdfast-verify FILE --log '\(key)'`, or any other tool that knows the format.\n"
        if !contract.claim.isEmpty {
            text += "\n## What the contract wants in a claim\n\n" + contract.claim.map { "- [ ] \($0)\n" }.joined()
        }
        if !contract.submit.isEmpty { text += "\nTo be submitted: \(contract.submit).\n" }
        if !contract.exclusions.isEmpty {
            text +=
                "\n## What the contract excludes (check by hand)\n\n" + contract.exclusions.map { "- \($0)\n" }.joined()
        }
        return text
    }

    func summary(in folder: String) -> String {
        let best = verdicts.max { $0.verdict.credit < $1.verdict.credit }
        let due = best.flatMap { $0.verdict.credit > 0 ? $0 : nil }
        return """
            \(folder)/claim.md: \(due.map { "\($0.name) at \(Figures.percent($0.verdict.uptime)), credit \(Figures.decimals($0.verdict.credit, 0)) %" } ?? "no credit is due by this contract's formula")
            \(incidents.count) incident\(incidents.count == 1 ? "" : "s"), \(evidence.indexes.count) failed requests, \(min(proofs, evidence.indexes.count)) proofs
            \(window)
            """
    }
}
