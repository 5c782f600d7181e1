package import NIOCore

extension StatusBoard {
    /// The same as a page for people: no script, nothing fetched.
    package var page: ByteBuffer {
        let (indicator, words) = indicator
        var body = "<h1>\(HTML.escape(title))</h1>\n<p class=\"sum \(indicator)\">\(HTML.escape(words))</p>\n"
        for incident in incidents {
            body +=
                "<p class=\"incident\"><b>\(HTML.escape(incident.name))</b> <span class=\"soft\">since "
                + "\(HTML.escape(sinceText(incident)))</span></p>\n"
        }
        for group in Group.allCases {
            let members = components.filter { $0.group == group }
            guard !members.isEmpty else { continue }
            body += "<h2>\(group.rawValue)</h2>\n<table>\n"
            for member in members {
                let detail = member.detail.isEmpty ? "" : " <span class=\"soft\">\(HTML.escape(member.detail))</span>"
                body +=
                    "<tr><td>\(HTML.escape(member.name))\(detail)</td><td class=\"n \(member.state.rawValue)\">"
                    + "\(member.state.words)</td></tr>\n"
            }
            body += "</table>\n"
        }
        body +=
            "<p class=\"soft\">As of \(HTML.escape(updatedText)). The same for machines: "
            + "<a href=\"status.json\">status.json</a></p>"
        return ByteBuffer(string: HTML.page(title: "\(title): status", style: Self.style, body: body))
    }

    private static let style = """
        .sum { padding: .75rem 1rem; border-radius: 8px; background: var(--panel); border-left: 6px solid var(--good);
          font-weight: 600; } .sum.minor { border-color: var(--stand); } .sum.major, .sum.critical { border-color: var(--bad); }
        td.operational { color: var(--good); } td.degraded_performance { color: var(--stand); }
        td.partial_outage, td.major_outage { color: var(--bad); } .incident { margin: .25rem 0; } a { color: inherit; }
        """
}
