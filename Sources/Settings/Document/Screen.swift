/// Refuses, before the parser sees it, what a settings file has no use for:
/// control characters, tabs as indentation, anchors and aliases (nine short
/// lines of which spell a thousand million values), tags and deep nesting.
///
/// It reads just enough YAML to know where a value starts. Where it is in
/// doubt (a line that goes on a plain text and starts with `*`) it refuses.
package struct Screen {
    /// More than any settings need.
    static let deepest = 32

    private var findings: [(Position, String)] = []
    private var flowDepth = 0
    private var quote: UnicodeScalar?
    /// While in a `|` or `>` text: lines indented further belong to it.
    private var blockText: Int?

    /// Returns the characters to refuse in a text, in order. `text` is the file's text, `hidden` is the same with its
    /// references hidden.
    package static func findings(in text: String, hidden: String) -> [(Position, String)] {
        var screen = Screen()
        var line = 0
        let hiddenLines = hidden.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        for scalars in text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false) {
            line += 1
            let scalars = Array(scalars)
            let forbidden = scalars.indices.first { index in
                isForbidden(scalars[index]) || (scalars[index] == "\r" && index + 1 < scalars.count)
            }
            if let forbidden {
                screen.refuse(scalars[forbidden], line, forbidden)
            } else {
                screen.read(Array(hiddenLines[line - 1]), line: line)
            }
            // One bad line is told; a binary file would give a thousand.
            if screen.findings.count >= 20 { break }
        }
        return screen.findings
    }

    private mutating func read(_ line: [UnicodeScalar], line number: Int) {
        let indent = line.firstIndex { $0 != " " } ?? line.count
        let isBlank = line[indent...].allSatisfy { $0 == " " || $0 == "\t" || $0 == "\r" }
        if let blockText {
            if isBlank || indent > blockText { return }
            self.blockText = nil
        }
        guard !isBlank else { return }
        if quote == nil, line[indent] == "\t" {
            return find(number, indent, "a tab cannot indent YAML; use spaces")
        }
        readTokens(line, from: indent, line: number)
    }

    private mutating func readTokens(_ line: [UnicodeScalar], from indent: Int, line number: Int) {
        var atStart = quote == nil
        var keyColumn = indent
        var sawColon = false
        var dashColumn: Int?
        var index = indent
        while index < line.count {
            defer { index += 1 }
            let scalar = line[index]
            let next = index + 1 < line.count ? line[index + 1] : " "
            let endsToken = next == " " || next == "\t" || next == "\r"
            if let open = quote {
                if open == "\"", scalar == "\\" {
                    index += 1
                } else if scalar == open {
                    if open == "'", next == "'" { index += 1 } else { quote = nil }
                }
                continue
            }
            if scalar == " " || scalar == "\t" || scalar == "\r" { continue }
            if scalar == "#", index == 0 || line[index - 1] == " " || line[index - 1] == "\t" { return }
            if flowDepth > 0, scalar == "," {
                atStart = true
            } else if flowDepth > 0, scalar == "]" || scalar == "}" {
                flowDepth -= 1
                atStart = false
            } else if scalar == "[" || scalar == "{", atStart || flowDepth > 0 {
                flowDepth += 1
                atStart = true
                if flowDepth > Self.deepest { return find(number, index, "nested too deeply") }
            } else if scalar == ":", endsToken || (flowDepth > 0 && ",[]{}".unicodeScalars.contains(next)) {
                atStart = true
                sawColon = true
            } else if atStart {
                switch scalar {
                case "\"", "'":
                    quote = scalar
                    atStart = false
                case "&", "*":
                    return find(number, index, "anchors and aliases (& and *) are not read here; write the value out")
                case "!":
                    return find(number, index, "tags (!) are not read here; quote the value if it is text")
                case "|", ">":
                    guard flowDepth == 0 else { return }
                    blockText = sawColon ? keyColumn : dashColumn ?? indent - 1
                    return
                case "-" where endsToken, "?" where endsToken:
                    dashColumn = index
                    keyColumn = index + 2
                default:
                    if !sawColon { keyColumn = index }
                    atStart = false
                }
            }
        }
    }

    private mutating func refuse(_ scalar: UnicodeScalar, _ line: Int, _ index: Int) {
        let code = String(scalar.value, radix: 16, uppercase: true)
        let name = String(repeating: "0", count: max(0, 4 - code.count)) + code
        find(line, index, "the character U+\(name) is not allowed here")
    }

    private mutating func find(_ line: Int, _ index: Int, _ message: String) {
        findings.append((Position(line: line, column: index + 1), message))
    }
}

/// Returns whether a character is refused: control characters, other characters that YAML treats as line ends, and the
/// private characters that replace others while a text is parsed.
private func isForbidden(_ scalar: UnicodeScalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0D: false
    case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: true
    default: References.hidden.contains(scalar.value) || Composer.markers.contains(scalar.value)
    }
}
