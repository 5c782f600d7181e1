import Wire

/// When to come again, as headers and words have it.
enum RetryAfter {
    static func read(_ fields: HTTPFieldList, _ reading: Reading, now: Int) -> Duration? {
        for name in ["retry-after-ms", "x-ms-retry-after-ms"] {
            if let text = fields[name], let value = Double(trimmed(text)), value >= 0, value < 1e9 {
                return .milliseconds(Int(value))
            }
        }
        if let text = fields["retry-after"] {
            if let value = Double(trimmed(text)), value >= 0, value < 1e7 { return .milliseconds(Int(value * 1000)) }
            if let date = HTTPDate.seconds(trimmed(text)) { return .seconds(max(0, date - now)) }
        }
        if let delay = reading.delay, let wait = duration(delay[...]) { return wait }
        for lead in [
            "try again in ", "retry in ", "retry after ", "try again after ", "retry your request after ", "wait ",
        ] {
            guard let range = reading.text.firstRange(of: lead) else { continue }
            if let wait = duration(reading.text[range.upperBound...]) { return wait }
        }
        return nil
    }

    private static func trimmed(_ text: String) -> String {
        var text = Substring(text)
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    /// `350ms`, `2s`, `1m3s`, `7.66s`, `5 seconds`, `1h2m`.
    private static func duration(_ text: Substring) -> Duration? {
        var rest = text
        var total = 0.0
        var found = false
        while let first = rest.first, first.isASCII, first.isNumber {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(digits.count)
            while rest.first == " " { rest = rest.dropFirst() }
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let value = Double(digits.last == "." ? digits.dropLast() : digits), value < 1e7 else { return nil }
            switch unit {
            case "ms", "milliseconds": total += value / 1000
            case "s", "sec", "second", "seconds": total += value
            case "m", "min", "minute", "minutes": total += value * 60
            case "h", "hour", "hours": total += value * 3600
            default: return found ? .milliseconds(Int(total * 1000)) : nil
            }
            found = true
        }
        return found ? .milliseconds(Int(total * 1000)) : nil
    }
}
