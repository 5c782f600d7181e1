/// Plots as inline SVG.
enum Plots {
    /// A bar per day: the parts that were answered by the first candidate, by
    /// a stand-in, and not at all. A day without traffic is empty, and not
    /// green.
    static func days(_ days: [RouteReport.Day]) -> String {
        bars(
            days.enumerated().map { number, day in
                guard day.requests > 0 else { return Bar(label: "day \(number + 1): no requests", parts: []) }
                let all = Double(day.requests)
                return Bar(
                    label: "day \(number + 1): \(Figures.count(day.requests)) requests, "
                        + "\(Figures.decimals(day.continuity ?? 0, 3)) % whole, \(Figures.count(day.byStandIn)) by a stand-in",
                    parts: [
                        ("good", Double(day.whole - day.byStandIn) / all), ("stand", Double(day.byStandIn) / all),
                        ("bad", Double(day.requests - day.whole) / all),
                    ])
            })
    }

    static func days(_ days: [ServiceReport.Day]) -> String {
        bars(
            days.enumerated().map { number, day in
                guard day.attempts > 0 else { return Bar(label: "day \(number + 1): no attempts", parts: []) }
                let good = Double(day.good) / Double(day.attempts)
                return Bar(
                    label: "day \(number + 1): \(Figures.count(day.attempts)) attempts, "
                        + "\(Figures.decimals(good * 100, 3)) % answered below 400",
                    parts: [("good", good), ("bad", 1 - good)])
            })
    }

    private struct Bar {
        var label: String
        /// Class and part of the height.
        var parts: [(String, Double)]
    }

    private static func bars(_ bars: [Bar]) -> String {
        let (step, width, height) = (20, 16, 64)
        var svg =
            "<svg role=\"img\" aria-label=\"by day\" width=\"\(bars.count * step)\" height=\"\(height + 18)\" "
            + "viewBox=\"0 0 \(bars.count * step) \(height + 18)\">"
        for (number, bar) in bars.enumerated() {
            let x = number * step
            svg += "<g><title>\(HTML.escape(bar.label))</title>"
            svg += "<rect class=\"none\" x=\"\(x)\" y=\"0\" width=\"\(width)\" height=\"\(height)\" rx=\"2\"/>"
            var y = Double(height)
            for (name, part) in bar.parts where part > 0 {
                // What was lost has to be seen, however little it was.
                let tall = name == "bad" ? max(2, part * Double(height)) : part * Double(height)
                y = max(0, y - tall)
                svg +=
                    "<rect class=\"\(name)\" x=\"\(x)\" y=\"\(Figures.decimals(y, 2))\" width=\"\(width)\" "
                    + "height=\"\(Figures.decimals(tall, 2))\"/>"
            }
            svg += "</g>"
            if number == 0 || (number + 1) % 5 == 0 {
                svg += "<text x=\"\(x + width / 2)\" y=\"\(height + 14)\" text-anchor=\"middle\">\(number + 1)</text>"
            }
        }
        return svg + "</svg>"
    }

    /// A line per cause, the longest first.
    static func causes(_ causes: [(name: String, value: Double, text: String)]) -> String {
        let most = causes.map(\.value).max() ?? 0
        guard most > 0 else { return "" }
        let (line, label, length) = (22, 150, 300)
        var svg =
            "<svg role=\"img\" aria-label=\"by cause\" width=\"640\" height=\"\(causes.count * line)\" "
            + "viewBox=\"0 0 640 \(causes.count * line)\">"
        for (number, cause) in causes.enumerated() {
            let y = number * line
            let width = max(2, Int(cause.value / most * Double(length)))
            svg +=
                "<text x=\"0\" y=\"\(y + 15)\">\(HTML.escape(cause.name))</text>"
                + "<rect class=\"bad\" x=\"\(label)\" y=\"\(y + 4)\" width=\"\(width)\" height=\"14\" rx=\"2\"/>"
                + "<text x=\"\(label + width + 8)\" y=\"\(y + 15)\">\(HTML.escape(cause.text))</text>"
        }
        return svg + "</svg>"
    }

    /// Burn rates against their thresholds: past the mark is burning.
    static func burn(_ rates: [BurnRate]) -> String {
        let (line, label, mark) = (22, 150, 200)
        var svg =
            "<svg role=\"img\" aria-label=\"burn rates\" width=\"760\" height=\"\(rates.count * line)\" "
            + "viewBox=\"0 0 760 \(rates.count * line)\">"
        for (number, rate) in rates.enumerated() {
            let y = number * line
            let part = min(2, min(rate.long, rate.short) / rate.rule.rate)
            let long = Figures.duration(minutes: Double(rate.rule.long))
            let short = Figures.duration(minutes: Double(rate.rule.short))
            svg +=
                "<text x=\"0\" y=\"\(y + 15)\">\(long) and \(short)</text>"
                + "<rect class=\"none\" x=\"\(label)\" y=\"\(y + 4)\" width=\"\(2 * mark)\" height=\"14\" rx=\"2\"/>"
                + "<rect class=\"\(rate.isBurning ? "bad" : "good")\" x=\"\(label)\" y=\"\(y + 4)\" "
                + "width=\"\(Int(part * Double(mark)))\" height=\"14\" rx=\"2\"/>"
                + "<rect class=\"bad\" x=\"\(label + mark)\" y=\"\(y + 2)\" width=\"2\" height=\"18\"/>"
                + "<text x=\"\(label + 2 * mark + 8)\" y=\"\(y + 15)\">\(Figures.decimals(rate.long, 1)) "
                + "and \(Figures.decimals(rate.short, 1))"
                + (rate.minutesBurning == 0
                    ? "" : ", burned for \(Figures.duration(minutes: Double(rate.minutesBurning)))")
                + "</text>"
        }
        return svg + "</svg>"
    }
}
