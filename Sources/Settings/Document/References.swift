/// `${NAME}`, `${NAME:-default}` and `$$` in the values of a settings file.
///
/// References are taken out of the text before it is parsed and put back
/// after: in `{ api_key: ${KEY} }` YAML would end the value at the brace. And
/// what a variable holds never goes through the parser, so a key with `: ` or
/// `#` in it stays a key. Every hidden character takes one place, so lines
/// and columns stay right.
package enum References {
    /// The result of replacing the references in a value.
    package struct Expansion {
        /// The value with all references replaced.
        package var value: String
        /// As the file spells it.
        var spelled: String
        /// Variables that are not set, or set to nothing, and have no default.
        var missing: [String]
        /// The defect in the spelling of a reference; nil if there is none.
        var malformed: String?

        /// True if any part of the value came from the environment; then only `spelled` may be shown.
        var isReferring: Bool
    }

    /// Hidden characters: ASCII, moved to the start of the private use area.
    static let hidden: ClosedRange<UInt32> = 0xE000...0xE07F

    /// Hides every reference of the text.
    package static func hide(in text: String) -> String {
        var result = String.UnicodeScalarView()
        var rest = Substring(text).unicodeScalars[...]
        while let dollar = rest.firstIndex(of: "$") {
            result.append(contentsOf: rest[..<dollar])
            rest = rest[dollar...]
            let end = referenceEnd(rest)
            result.append(contentsOf: rest[..<end].map(hide))
            rest = rest[end...]
        }
        result.append(contentsOf: rest)
        return String(result)
    }

    /// Makes hidden characters visible again.
    package static func show(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { hidden.contains($0.value) }) else { return text }
        return String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { hidden.contains($0.value) ? UnicodeScalar($0.value - 0xE000)! : $0 }))
    }

    /// Replaces the references of a value (hidden or not).
    package static func expand(_ value: String, environment: [String: String]) -> Expansion {
        let spelled = show(value)
        var expansion = Expansion(value: "", spelled: spelled, missing: [], isReferring: false)
        var rest = Substring(spelled)
        while let dollar = rest.firstIndex(of: "$") {
            expansion.value += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                expansion.value += "$"
                rest.removeFirst()
            } else if rest.first == "{" {
                guard let end = rest.firstIndex(of: "}") else {
                    expansion.malformed = "\"${\" without \"}\"; write $$ for a dollar sign"
                    return expansion
                }
                let inner = rest[rest.index(after: rest.startIndex)..<end]
                rest = rest[rest.index(after: end)...]
                expand(inner, environment: environment, into: &expansion)
            } else {
                expansion.value += "$"
            }
        }
        expansion.value += rest
        return expansion
    }

    private static func expand(_ inner: Substring, environment: [String: String], into expansion: inout Expansion) {
        let name = inner.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        let rest = inner[name.endIndex...]
        guard let first = name.first, !first.isNumber, rest.isEmpty || rest.hasPrefix(":-") else {
            expansion.malformed = "\"${\(inner)}\" is not a reference; write ${NAME} or ${NAME:-default}"
            return
        }
        guard !rest.contains("$") else {
            expansion.malformed = "the default in \"${\(inner)}\" may not hold another reference"
            return
        }
        expansion.isReferring = true
        if let value = environment[String(name)], !value.isEmpty {
            expansion.value += value
        } else if rest.isEmpty {
            expansion.missing.append(String(name))
        } else {
            expansion.value += rest.dropFirst(2)
        }
    }

    /// Returns the end of the reference that starts here: `$`, `$$`, `${…}` or `$${…}`, never past the end of the line.
    private static func referenceEnd(_ text: Substring.UnicodeScalarView.SubSequence) -> String.Index {
        var index = text.index(after: text.startIndex)
        if index < text.endIndex, text[index] == "$" { index = text.index(after: index) }
        guard index < text.endIndex, text[index] == "{" else { return index }
        let line = text[index...].prefix { $0 != "\n" && $0 != "\r" }
        guard let brace = line.firstIndex(of: "}") else { return index }
        return text.index(after: brace)
    }

    private static func hide(_ scalar: UnicodeScalar) -> UnicodeScalar {
        scalar.isASCII ? UnicodeScalar(0xE000 + scalar.value)! : scalar
    }
}
