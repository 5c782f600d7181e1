/// Text that is safe to insert in HTML.
enum HTML {
    static func escape(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A whole page, with nothing that has to be fetched.
    ///
    /// - Parameters:
    ///   - style: beyond what all pages have.
    ///   - body: HTML.
    static func page(title: String, style: String = "", body: String) -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(escape(title))</title>
        <style>
        :root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6573; --line: #d9dee5; --ground: #ffffff;
          --panel: #f6f8fa; --good: #2f7d5b; --stand: #c98a1b; --bad: #b3363b; --none: #e6e9ee; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --soft: #9aa4b2; --line: #323a46;
          --ground: #14181e; --panel: #1b2129; --good: #55b488; --stand: #dfae53; --bad: #e0686d; --none: #2a313b; } }
        body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); margin: 0 auto;
          max-width: 62rem; padding: 2rem 1.25rem 4rem; }
        h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; }
        h3 { font-size: 1rem; margin: 0; } p { margin: .25rem 0 .75rem; } .soft { color: var(--soft); }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
        th, td { text-align: left; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
        th { color: var(--soft); font-weight: 500; font-size: .85rem; } td.n, th.n { text-align: right; }
        .scroll { overflow-x: auto; } svg { display: block; max-width: 100%; height: auto; }
        svg text { fill: var(--soft); font: 11px system-ui, sans-serif; }
        .good { fill: var(--good); } .stand { fill: var(--stand); } .bad { fill: var(--bad); } .none { fill: var(--none); }
        \(style)
        </style>
        </head>
        <body>
        \(body)
        </body>
        </html>

        """
    }
}

/// Numbers as people read them.
package enum Figures {
    /// To four decimals, and never up to a hundred that it isn't.
    package static func percent(_ value: Double) -> String { decimals(value, 4) + " %" }

    /// Cut off, not rounded.
    package static func decimals(_ value: Double, _ places: Int) -> String {
        guard value.isFinite else { return "-" }
        guard abs(value) < 1e12 else { return value > 0 ? "over 10¹²" : "under -10¹²" }
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        // 99.99665 is a bit less in binary, and still 99.9966|5.
        let scaled = Int(((abs(value) * scale) + 1e-7).rounded(.down))
        let unit = Int(scale)
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard places > 0 else { return sign + String(scaled) }
        let rest = String(scaled % unit)
        return "\(sign)\(scaled / unit).\(String(repeating: "0", count: places - rest.count))\(rest)"
    }

    /// `1,234,567`
    package static func count(_ number: Int) -> String {
        var digits = Array(String(abs(number)))
        var place = digits.count - 3
        while place > 0 {
            digits.insert(",", at: place)
            place -= 3
        }
        return (number < 0 ? "-" : "") + String(digits)
    }

    /// `2 d 3 h`, `3 h 5 min`, `12 min`; under ten minutes to a tenth.
    package static func duration(minutes: Double) -> String {
        if minutes < 10, minutes != minutes.rounded() { return decimals(max(minutes, 0.1), 1) + " min" }
        let whole = Int(minutes)
        func pair(_ large: Int, _ unit: String, _ small: Int, _ smallUnit: String) -> String {
            small == 0 ? "\(large) \(unit)" : "\(large) \(unit) \(small) \(smallUnit)"
        }
        if whole < 60 { return "\(whole) min" }
        if whole < 2 * 1440 { return pair(whole / 60, "h", whole % 60, "min") }
        return pair(whole / 1440, "d", whole % 1440 / 60, "h")
    }

    /// The used part of an error budget as text: `12.5 %`, or `31 ×` if it is more than ten times the whole budget.
    package static func budget(_ used: Double) -> String {
        used <= 10 ? decimals(used * 100, 1) + " %" : count(Int(min(used, 1e12))) + " ×"
    }

    /// `1 request`, `2 requests`
    package static func count(_ number: Int, _ word: String) -> String {
        "\(count(number)) \(word)\(number == 1 ? "" : "s")"
    }
}
