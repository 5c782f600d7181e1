extension MonthReport {
    /// The report as one HTML file that needs nothing else, for people.
    ///
    /// - Parameters:
    ///   - label: the period's name, such as `2026-06`.
    ///   - source: in a sentence, what it was computed from.
    package func page(label: String, source: String) -> String {
        var body = "<h1>Availability, \(HTML.escape(label))</h1>\n<p class=\"soft\">\(HTML.escape(source))</p>\n"
        if let unfinished { body += "<p class=\"soft\">\(HTML.escape(unfinished))</p>\n" }
        body +=
            "<h2>What applications felt</h2>\n<p class=\"soft\">Requests that were answered whole and in time, by "
            + "whomever. A refusal, an answer that broke off and a request that was turned away are not.</p>\n"
        if routes.isEmpty { body += "<p>No requests.</p>\n" }
        for route in routes { body += felt(route) }
        body +=
            "<h2>What contracts count</h2>\n<p class=\"soft\">Attempts, by the status of their answers. "
            + "Whether anybody got an answer is not asked. “Held” is the time in which this gateway itself sent nothing "
            + "there: a contract counts such a minute as nobody having asked.</p>\n"
        body += table(services, head: "provider/model")
        for kind in Grouping.allCases {
            let members = groups.filter { $0.kind == kind }.map(\.report)
            if !members.isEmpty { body += table(members, head: kind.rawValue) }
        }
        for service in services where service.attempts > 0 {
            body +=
                "<div class=\"panel\"><h3>\(HTML.escape(service.name))</h3><p class=\"soft\">Attempts answered below "
                + "400, by day</p>\(Plots.days(service.days))</div>\n"
        }
        return HTML.page(title: "Availability, \(label)", style: Self.style, body: body)
    }

    /// The reason why a contract's result may still change; nil once it is final.
    package var unfinished: String? {
        guard passed < period.minutes else { return nil }
        return
            "\(Figures.duration(minutes: Double(period.minutes - passed))) are still to come: formulas that count by the "
            + "clock take them for minutes in which nobody asked."
    }

    private static let style = """
        .panel { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.25rem;
          margin: .75rem 0; }
        .figures { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: .5rem 0 1rem; }
        .figures div { min-width: 7rem; } .figures b { display: block; font-size: 1.25rem; font-weight: 600; }
        .figures span { color: var(--soft); font-size: .85rem; } .key i { display: inline-block; width: .7em;
          height: .7em; border-radius: 2px; margin: 0 .35em 0 .9em; } h4 { margin: 1rem 0 .25rem; font-size: .9rem; }
        """

    private func felt(_ route: RouteReport) -> String {
        var html = "<div class=\"panel\"><h3>\(HTML.escape(route.title))</h3>\n<div class=\"figures\">"
        func figure(_ value: String, _ words: String) {
            html += "<div><b>\(HTML.escape(value))</b><span>\(HTML.escape(words))</span></div>"
        }
        figure(route.continuity.map(Figures.percent) ?? "-", "continuity")
        figure(Figures.count(route.requests), "requests")
        figure(Figures.count(route.byStandIn), "answered by a stand-in")
        figure(Figures.duration(minutes: Double(route.minutesByStandIn)), "with a stand-in")
        figure(
            route.budgetUsed.map(Figures.budget) ?? "-",
            "of the error budget (\(Figures.decimals(route.objective * 100, 2)) %)")
        html +=
            "</div>\n<p class=\"soft key\">By day:<i style=\"background:var(--good)\"></i>first candidate"
            + "<i style=\"background:var(--stand)\"></i>stand-in<i style=\"background:var(--bad)\"></i>not answered whole</p>"
        html += Plots.days(route.days)
        let lost = route.lostMinutes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        if !lost.isEmpty {
            html +=
                "<h4>Time lost, by cause</h4>"
                + Plots.causes(
                    lost.map { cause, minutes in
                        (
                            cause, minutes,
                            "\(Figures.duration(minutes: minutes)), \(Figures.count(route.lost[cause] ?? 0, "request"))"
                        )
                    })
        }
        if let rates = burn[route.name] {
            html +=
                "<h4>Burn rate \(passed < period.minutes ? "now" : "at the end"), long and short window (past the mark "
                + "is burning)</h4>" + Plots.burn(rates)
        }
        return html + "</div>\n"
    }

    private func table(_ reports: [ServiceReport], head: String) -> String {
        var html =
            "<div class=\"scroll\"><table><tr><th>\(HTML.escape(head))</th><th class=\"n\">attempts</th>"
            + "<th class=\"n\">no answer</th><th>contract</th><th class=\"n\">uptime</th><th class=\"n\">credit</th>"
            + "<th>held</th><th>failed for</th></tr>\n"
        for report in reports {
            for (number, row) in report.rows.enumerated() {
                let cells = row.enumerated().map { place, text in
                    "<td\([1, 2, 4, 5].contains(place) ? " class=\"n\"" : "")>\(HTML.escape(text))</td>"
                }
                html += "<tr\(number == 0 ? "" : " class=\"more\"")>\(cells.joined())</tr>\n"
            }
        }
        return html + "</table></div>\n"
    }
}

extension RouteReport {
    package var title: String { name.isEmpty ? "(no route)" : name }
}

extension ServiceReport {
    /// The service's row of the table, and one more row for each further contract, with one text per column.
    package var rows: [[String]] {
        let held =
            heldMinutes == 0
            ? ""
            : "\(Figures.duration(minutes: Double(heldMinutes)))"
                + (emptyHeldMinutes == heldMinutes
                    ? ", all empty"
                    : emptyHeldMinutes == 0 ? "" : ", \(Figures.duration(minutes: Double(emptyHeldMinutes))) empty")
                + (heldProbes == 0 ? "" : "; probes: \(heldProbesAnswered) of \(heldProbes) answered")
        let failed = causes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\($0.key) \(Figures.count($0.value))" }.joined(separator: ", ")
        var rows = verdicts.map { verdict in
            [
                "", "", "", verdict.contract.name, Figures.percent(verdict.uptime),
                verdict.credit > 0 ? "\(Figures.decimals(verdict.credit, 0)) %" : "none", "", "",
            ]
        }
        if rows.isEmpty { rows = [Array(repeating: "", count: 8)] }
        rows[0][0] = name
        rows[0][1] = Figures.count(attempts)
        rows[0][2] = Figures.count(unanswered)
        rows[0][6] = held
        rows[0][7] = failed
        return rows
    }
}
