import NIOCore
import Wire

/// A drill's report for people.
struct DrillText {
    private let root: JSONView

    init(_ root: JSONView) { self.root = root }

    private func milliseconds(_ name: StaticString, in view: JSONView?) -> String? {
        view?[name]?.double.map { Self.shown($0) }
    }

    private static func shown(_ milliseconds: Double) -> String {
        abs(milliseconds) >= 10_000
            ? "\(Int(milliseconds / 1000)) s"
            : abs(milliseconds) >= 10 ? "\(Int(milliseconds.rounded())) ms" : "\((milliseconds * 10).rounded() / 10) ms"
    }

    /// One line while it runs.
    var progress: String {
        let requests = root["requests"]
        let phase = root.text("phase")
        let name: StaticString = phase == "warm-up" ? "warm_up" : phase == "recovery" ? "recovery" : "pulled"
        let counted = requests?[name]
        let flight = root["streams_in_flight"]
        var line = "\(phase): \(counted?["whole"]?.int ?? 0) of \(counted?["total"]?.int ?? 0) answered whole"
        if let met = requests?["met_the_pull"]?.int, met > 0 { line += ", \(met) met the pull" }
        if let time = milliseconds("p50_ms", in: root["switch"]) { line += ", switch \(time)" }
        let fates = [
            ("continued", flight?["continued"]?.int), ("restarted", flight?["restarted"]?.int),
            ("lost", flight?["lost"]?.int),
        ]
        for (fate, count) in fates {
            if let count, count > 0 { line += ", \(count) \(fate)" }
        }
        return line
    }

    var report: String {
        var lines: [String] = []
        var head =
            "Drill \(root.text("id")): \(root.text("pulled")) pulled from \(root.text("route")) as \(root.text("as"))"
        if let token = root["at_token"]?.int { head += ", at token \(token)" }
        if root["cut"]?.bool == true { head += ", connections cut" }
        lines.append(head)
        lines.append("")
        lines.append(Table(rows: rows, indent: 2).text)
        for (title, name) in [
            ("Stood in", "stood_in"), ("What could not be done", "could_not"), ("Not answered", "not_answered"),
        ] as [(String, StaticString)] {
            let entries = root.list(name)
            guard !entries.isEmpty else { continue }
            lines.append("")
            lines.append("  \(title)")
            for entry in entries {
                lines.append("    \(entry["times"]?.int ?? 0) × \(entry.text("what").printable)")
            }
        }
        lines.append("")
        lines.append("  Against the route's objectives")
        let objectives = root.list("objectives").map {
            [$0.text("name"), $0.text("found"), "goal \($0.text("goal"))", $0["met"]?.bool == true ? "met" : "MISSED"]
        }
        lines.append(Table(rows: objectives, indent: 4).text)
        lines.append("")
        lines.append("Verdict: \(verdict)")
        return lines.joined(separator: "\n")
    }

    private var rows: [[String]] {
        func counted(_ name: StaticString) -> String {
            let phase = root["requests"]?[name]
            return "\(phase?["whole"]?.int ?? 0) of \(phase?["total"]?.int ?? 0) answered whole"
        }
        var rows = [
            ["began", root["started"]?.int.map { Status.moment($0) } ?? "-"],
            ["before", counted("warm_up")], ["pulled", counted("pulled")], ["after", counted("recovery")],
            ["met the pull", met],
            [
                "detected",
                milliseconds("detection_ms", in: root).map { "\($0) after the pull" } ?? "never: nobody met it",
            ],
        ]
        if let p50 = milliseconds("p50_ms", in: root["switch"]), let p99 = milliseconds("p99_ms", in: root["switch"]) {
            rows.append(["switch", "p50 \(p50), p99 \(p99), from the verdict to the stand-in's first word"])
        }
        let flight = root["streams_in_flight"]
        rows.append([
            "streams in flight",
            "\(flight?["continued"]?.int ?? 0) continued, \(flight?["restarted"]?.int ?? 0) restarted, "
                + "\(flight?["lost"]?.int ?? 0) lost",
        ])
        let added = root["added_latency"]
        for (title, p50, p99) in [
            ("added to first byte", "first_byte_p50_ms", "first_byte_p99_ms"),
            ("added to the whole", "whole_p50_ms", "whole_p99_ms"),
        ] as [(String, StaticString, StaticString)] {
            guard let low = milliseconds(p50, in: added), let high = milliseconds(p99, in: added) else { continue }
            rows.append([title, "p50 \(low), p99 \(high)"])
        }
        if let time = milliseconds("recovery_ms", in: root) {
            rows.append(["back", "\(time) after it was given back"])
        }
        if let cost = root["cost"] {
            let before = cost["per_request_before"]?.double
            let pulled = cost["per_request_pulled"]?.double
            let currency = cost["currency"]?.string ?? "USD"
            func money(_ amount: Double) -> String { "\(currency) \(Self.money(amount))" }
            var text = "\(money(cost["total"]?.double ?? 0)) in all"
            if let before, let pulled {
                text += "; a request \(money(before)) before, \(money(pulled)) while pulled"
            }
            rows.append(["cost", text])
        } else {
            rows.append(["cost", "not known: a candidate that served has no `price`, or one in another currency"])
        }
        return rows
    }

    private var met: String {
        let met = root["requests"]?["met_the_pull"]?.int ?? 0
        let all = root["requests"]?["pulled"]?["total"]?.int ?? 0
        let words = met == 1 ? "1 request" : "\(met) requests"
        return met < all ? words + "; memory spared the others" : words
    }

    private static func money(_ amount: Double) -> String {
        let millionths = Int((amount * 1_000_000).rounded())
        let digits = String(millionths % 1_000_000)
        return "\(millionths / 1_000_000)." + String(repeating: "0", count: 6 - digits.count) + digits
    }

    private var verdict: String {
        let end = root.text("end")
        let why =
            switch end {
            case "stopped": " (stopped before its time)"
            case "lapsed": " (the command that ordered it went away; everything was restored)"
            default: ""
            }
        switch root.text("verdict") {
        case "passed": return "PASSED"
        case "failed": return "FAILED" + why
        case "inconclusive":
            return "INCONCLUSIVE" + (why.isEmpty ? ": no request met the pull; give it traffic with --load" : why)
        default: return "it still runs"
        }
    }
}
