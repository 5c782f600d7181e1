package import AdminAPI
import Encodings

/// A drill's report for people.
package struct DrillText {
    private let drill: DrillView

    package init(_ drill: DrillView) { self.drill = drill }

    private static func shown(_ milliseconds: Double) -> String {
        abs(milliseconds) >= 10_000
            ? "\((milliseconds / 100).rounded() / 10) s"
            : abs(milliseconds) >= 10 ? "\(Int(milliseconds.rounded())) ms" : "\((milliseconds * 10).rounded() / 10) ms"
    }

    /// One line while it runs.
    package var progress: String {
        let counted =
            switch drill.phase {
            case .warmUp: drill.requests?.warmUp
            case .recovery: drill.requests?.recovery
            case .pulled, .over: drill.requests?.pulled
            }
        var line = "\(drill.phase.rawValue): \(counted?.whole ?? 0) of \(counted?.total ?? 0) answered whole"
        if let met = drill.requests?.metThePull, met > 0 { line += ", \(met) met the pull" }
        if let time = drill.switch?.p50Ms { line += ", switch \(Self.shown(time))" }
        if let left = drill.secondsLeft { line += ", \(left) s left" }
        let streams = drill.streamsInFlight
        let fates = [("continued", streams?.continued), ("restarted", streams?.restarted), ("lost", streams?.lost)]
        for (fate, count) in fates {
            if let count, count > 0 { line += ", \(count) \(fate)" }
        }
        return line
    }

    package var report: String {
        var lines: [String] = []
        var head = "Drill \(drill.id): \(drill.pulled) pulled from \(drill.route) as \(drill.as)"
        if let token = drill.atToken { head += ", at token \(token)" }
        if drill.cut == true { head += ", connections cut" }
        lines.append(head)
        lines.append("")
        lines.append(Table(rows: rows, indent: 2).text)
        for (title, entries) in [
            ("Stood in", drill.stoodIn), ("What could not be done", drill.couldNot),
            ("Not answered", drill.notAnswered),
        ] {
            guard let entries, !entries.isEmpty else { continue }
            lines.append("")
            lines.append("  \(title)")
            for entry in entries { lines.append("    \(entry.times) × \(entry.what.printable)") }
        }
        lines.append("")
        lines.append("  Against the route's objectives")
        let objectives = (drill.objectives ?? []).map {
            [$0.name, $0.found, "goal \($0.goal)", $0.met ? "met" : "MISSED"]
        }
        lines.append(Table(rows: objectives, indent: 4).text)
        lines.append("")
        lines.append("Verdict: \(verdict)")
        return lines.joined(separator: "\n")
    }

    private var rows: [[String]] {
        func counted(_ phase: DrillView.Phase?) -> String {
            "\(phase?.whole ?? 0) of \(phase?.total ?? 0) answered whole"
        }
        var rows = [
            ["began", drill.started.map { StatusText.moment($0) } ?? "-"],
            ["before", counted(drill.requests?.warmUp)], ["pulled", counted(drill.requests?.pulled)],
            ["after", counted(drill.requests?.recovery)], ["met the pull", met],
            ["detected", drill.detectionMs.map { "\(Self.shown($0)) after the pull" } ?? "never: nobody met it"],
        ]
        if let p50 = drill.switch?.p50Ms, let p99 = drill.switch?.p99Ms {
            rows.append([
                "switch",
                "p50 \(Self.shown(p50)), p99 \(Self.shown(p99)), from the verdict to the stand-in's first word",
            ])
        }
        let streams = drill.streamsInFlight
        rows.append([
            "streams in flight",
            "\(streams?.continued ?? 0) continued, \(streams?.restarted ?? 0) restarted, \(streams?.lost ?? 0) lost",
        ])
        let added = drill.addedLatency
        for (title, p50, p99) in [
            ("added to first byte", added?.firstByteP50Ms, added?.firstByteP99Ms),
            ("added to the whole", added?.wholeP50Ms, added?.wholeP99Ms),
        ] {
            guard let p50, let p99 else { continue }
            rows.append([title, "p50 \(Self.shown(p50)), p99 \(Self.shown(p99))"])
        }
        if let time = drill.recoveryMs { rows.append(["back", "\(Self.shown(time)) after it was given back"]) }
        if let cost = drill.cost {
            let currency = cost.currency ?? "USD"
            func money(_ amount: Double) -> String { "\(currency) \(Self.money(amount))" }
            var text = "\(money(cost.total)) in all"
            if let before = cost.perRequestBefore, let pulled = cost.perRequestPulled {
                text += "; a request \(money(before)) before, \(money(pulled)) while pulled"
            }
            rows.append(["cost", text])
        } else {
            rows.append(["cost", "not known: a candidate that served has no `price`, or one in another currency"])
        }
        return rows
    }

    private var met: String {
        let met = drill.requests?.metThePull ?? 0
        let words = met == 1 ? "1 request" : "\(met) requests"
        return met < drill.requests?.pulled?.total ?? 0 ? words + "; memory spared the others" : words
    }

    private static func money(_ amount: Double) -> String {
        let millionths = Int((amount * 1_000_000).rounded())
        let digits = String(millionths % 1_000_000)
        return "\(millionths / 1_000_000)." + String(repeating: "0", count: 6 - digits.count) + digits
    }

    private var verdict: String {
        let why =
            switch drill.end {
            case .stopped: " (stopped before its time)"
            case .lapsed: " (the command that ordered it went away; everything was restored)"
            case .done, nil: ""
            }
        switch drill.verdict {
        case .passed: return "PASSED"
        case .failed: return "FAILED" + why
        case .inconclusive:
            return "INCONCLUSIVE" + (why.isEmpty ? ": no request met the pull; \(unmet)" : why)
        case nil: return "it still runs"
        }
    }

    /// The reason why no request met the pull.
    private var unmet: String {
        let came = drill.requests?.pulled?.total ?? 0
        guard came > 0 else {
            return drill.loadRps == nil
                ? "give it traffic with --load"
                : "each request was refused before a candidate was chosen, and the log says why"
        }
        // Suspended, for example: no request is sent to it, drill or not.
        if let reason = drill.couldNot?.first(where: { $0.what.hasPrefix("\(drill.pulled): ") }) {
            return reason.what.printable
        }
        return "none of \(came) was sent to \(drill.pulled.printable)"
    }
}
