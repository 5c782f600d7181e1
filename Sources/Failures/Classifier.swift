package import Wire

/// Says why a provider gave no answer. Pure: the same symptom, the same
/// verdict.
package struct Classifier: Sendable {
    package static let standard = Classifier()

    package init() {}

    /// - Parameter now: seconds since 1970, for a `retry-after` that is a
    ///   date.
    package func judge(_ symptom: Symptom, now: Int) -> Verdict {
        let reading = Reading(symptom)
        let words = Redaction.words(reading.message)
        if let field = NestedPath.find(in: reading), Rules.nested.matches(reading) {
            return Verdict(.nestedReference, .request, rule: Rules.nested.id, words: words, field: field)
        }
        let rule = Rules.all.first { $0.matches(reading) } ?? Rules.unknown
        let wait = rule.cause == .throttled || rule.cause == .overloaded
        return Verdict(
            rule.cause, rule.scope, evidence: rule.evidence,
            retryAfter: wait ? RetryAfter.read(symptom.fields, reading, now: now) : nil, rule: rule.id, words: words,
            field: reading.field)
    }
}

/// Finds where inside a request a model is named: `tools.0.model`,
/// `mcp_servers[1].config.model`.
enum NestedPath {
    static func find(in reading: Reading) -> String? {
        if let field = reading.field, isNested(field) { return field }
        let message = reading.message.prefix(2000)
        for word in message.split(whereSeparator: { " \t\r\n\"'`(),".contains($0) }) {
            var path = word
            while let last = path.last, ":.;".contains(last) { path.removeLast() }
            if isNested(path) { return String(path) }
        }
        return nil
    }

    /// `model` at the end of a path with an index or a member before it.
    private static func isNested(_ path: some StringProtocol) -> Bool {
        guard path.utf8.count <= 200, path.hasSuffix(".model") || path.hasSuffix(".model_id") else { return false }
        let parts = path.split(whereSeparator: { ".[]".contains($0) })
        return parts.count >= 2
            && parts.allSatisfy { $0.utf8.allSatisfy { $0 == 0x5F || $0 == 0x2D || isAlphanumeric($0) } }
            && parts[0] != "request" && parts[0] != "body" || parts.count >= 3
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}

/// When to come again, as headers and words have it.
enum RetryAfter {
    static func read(_ fields: HTTPFieldList, _ reading: Reading, now: Int) -> Duration? {
        if let text = fields["retry-after-ms"], let value = Double(trimmed(text)), value >= 0, value < 1e9 {
            return .milliseconds(Int(value))
        }
        if let text = fields["retry-after"] {
            if let value = Double(trimmed(text)), value >= 0, value < 1e7 { return .milliseconds(Int(value * 1000)) }
            if let date = HTTPDate.seconds(trimmed(text)) { return .seconds(max(0, date - now)) }
        }
        for lead in ["try again in ", "retry in ", "retry after ", "retrydelay "] {
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

/// An HTTP date (RFC 9110 §5.6.7, the preferred form alone).
enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// - Returns: seconds since 1970.
    static func seconds(_ text: String) -> Int? {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let day = Int(parts[1]), (1...31).contains(day),
            let month = months.firstIndex(of: String(parts[2])), let year = Int(parts[3]), (1970...9999).contains(year)
        else { return nil }
        let clock = parts[4].split(separator: ":").compactMap { Int($0) }
        guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2])
        else { return nil }
        // Days from civil, Howard Hinnant's algorithm.
        let y = month < 2 ? year - 1 : year
        let era = y / 400
        let yearOfEra = y - era * 400
        let shifted = (month + 10) % 12
        let dayOfYear = (153 * shifted + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        return days * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
    }
}
