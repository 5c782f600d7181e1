/// A grammar that makes texts: `{name}` in a line stands for one line of that
/// rule, chosen by chance.
///
/// Built in: `{#4}` is a number of four digits, `{%8}` eight hexadecimal
/// digits, `{name*5}` two to five lines of a rule, one a line, and `{name?}`
/// a line of it or nothing.
package struct Grammar: Sendable {
    private var rules: [String: [String]]
    /// The most levels of rules within rules.
    private static let deepest = 12

    package init(_ rules: [String: [String]]) { self.rules = rules }

    /// Joins two grammars: rules of the same name have the lines of both.
    package func joined(_ other: Grammar) -> Grammar {
        Grammar(rules.merging(other.rules) { $0 + $1 })
    }

    /// The mark of a line that stands for itself: what looks like a rule's name in it is none.
    private static let asItStands: Character = "\u{0}"

    /// Adds texts to a rule, each of which stands for itself.
    package mutating func add(_ name: String, texts: [String]) {
        guard !texts.isEmpty else { return }
        rules[name, default: []] += texts.map { "\(Self.asItStands)\($0)" }
    }

    /// Adds lines to a rule.
    package mutating func add(_ name: String, _ lines: [String]) {
        guard !lines.isEmpty else { return }
        rules[name, default: []] += lines
    }

    package func make(_ name: String, _ chance: inout Chance) -> String {
        var text = ""
        expand("{\(name)}", 0, &chance, &text)
        return text
    }

    private func expand(_ line: String, _ depth: Int, _ chance: inout Chance, _ text: inout String) {
        var rest = line[...]
        while let open = rest.firstIndex(of: "{") {
            text += rest[..<open]
            let inside = rest[rest.index(after: open)...]
            guard let close = inside.firstIndex(of: "}"), isSlot(inside[..<close]) else {
                text += "{"
                rest = inside
                continue
            }
            fill(String(inside[..<close]), depth, &chance, &text)
            rest = inside[inside.index(after: close)...]
        }
        text += rest
    }

    private func isSlot(_ name: Substring) -> Bool {
        guard let first = name.first else { return false }
        if first == "#" || first == "%" { return Int(name.dropFirst()) != nil }
        return rules[String(name.prefix { $0 != "*" && $0 != "?" })] != nil
    }

    private func fill(_ slot: String, _ depth: Int, _ chance: inout Chance, _ text: inout String) {
        if slot.hasPrefix("#") || slot.hasPrefix("%") {
            let hexadecimal = slot.hasPrefix("%")
            for place in 0..<(Int(slot.dropFirst()) ?? 0) {
                let digit = hexadecimal ? chance.below(16) : place == 0 ? 1 + chance.below(9) : chance.below(10)
                text += String(digit, radix: 16)
            }
            return
        }
        guard depth < Self.deepest else { return }
        if slot.hasSuffix("?") {
            if chance.isLucky(percent: 50) { fill(String(slot.dropLast()), depth + 1, &chance, &text) }
            return
        }
        let parts = slot.split(separator: "*")
        if parts.count == 2, let most = Int(parts[1]) {
            for index in 0..<(2 + chance.below(most - 1)) {
                if index > 0 { text += "\n" }
                fill(String(parts[0]), depth + 1, &chance, &text)
            }
            return
        }
        guard let lines = rules[slot] else { return }
        let line = chance.pick(lines)
        guard line.first != Self.asItStands else {
            text += line.dropFirst()
            return
        }
        expand(line, depth + 1, &chance, &text)
    }
}
