/// A JSON text (RFC 8259) as it is put together: members in the order in
/// which they are added, two spaces for each level, ASCII only, so that
/// nothing in it can act on a terminal.
indirect enum JSONText {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONText])
    /// An array of numbers or short texts, on one line.
    case row([JSONText])
    case object([(String, JSONText)])

    static func count(_ number: UInt64) -> JSONText { .number("\(number)") }
    static func count(_ number: Int) -> JSONText { .number("\(number)") }

    /// JSON has no word for what is not a number or without end.
    static func float<Number: BinaryFloatingPoint & LosslessStringConvertible>(_ number: Number) -> JSONText {
        number.isFinite ? .number(number.description) : .string(number.description)
    }

    static func orNull(_ text: String?) -> JSONText { text.map(JSONText.string) ?? .null }
    static func orNull(_ number: UInt64?) -> JSONText { number.map(JSONText.count) ?? .null }

    var text: String {
        var text = ""
        write(into: &text, indent: "")
        return text
    }

    private func write(into text: inout String, indent: String) {
        switch self {
        case .null: text += "null"
        case .bool(let truth): text += truth ? "true" : "false"
        case .number(let digits): text += digits
        case .string(let string): Self.quote(string, into: &text)
        case .row(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += ", " }
                element.write(into: &text, indent: indent)
            }
            text += "]"
        case .array(let elements):
            Self.block("[", "]", elements, into: &text, indent) { $0.write(into: &$1, indent: $2) }
        case .object(let members):
            Self.block("{", "}", members, into: &text, indent) {
                Self.quote($0.0, into: &$1)
                $1 += ": "
                $0.1.write(into: &$1, indent: $2)
            }
        }
    }

    private static func block<Element>(
        _ open: String, _ close: String, _ elements: [Element], into text: inout String, _ indent: String,
        _ write: (Element, inout String, String) -> Void
    ) {
        guard !elements.isEmpty else {
            text += open + close
            return
        }
        let deeper = indent + "  "
        for (index, element) in elements.enumerated() {
            text += index == 0 ? open + "\n" : ",\n"
            text += deeper
            write(element, &text, deeper)
        }
        text += "\n" + indent + close
    }

    private static func quote(_ string: String, into text: inout String) {
        text += "\""
        for unit in string.utf16 {
            switch unit {
            case 0x22: text += "\\\""
            case 0x5C: text += "\\\\"
            case 0x0A: text += "\\n"
            case 0x09: text += "\\t"
            case 0x20..<0x7F: text.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
            default:
                let digits = String(unit, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        text += "\""
    }
}
