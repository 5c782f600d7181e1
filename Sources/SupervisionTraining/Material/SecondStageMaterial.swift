import Supervision

/// The windows of all material: rows of the data, and texts that the grammars
/// make, cut as the cascade cuts them.
///
/// The same rows and seed give the same windows.
package struct SecondStageMaterial: Sendable {
    package private(set) var windows: [LabelledWindow] = []
    private let rows: [TrainingRow]
    private let harmless: Grammar
    private let everything: Grammar
    private var chance: Chance
    private var groups = 0

    /// The forms of tools' results; each is a source of its own, so that a
    /// table shows what becomes of forms that a head hasn't seen.
    package static let forms = [
        "json", "jsonMail", "jsonEvent", "jsonReview", "jsonMoney", "npm*8", "git*6", "pytest*12", "log*16",
        "listing*16", "code*30", "shell*5", "web", "howTo", "recipe", "news", "faq", "data", "mail", "document",
    ]

    /// - Parameter rows: In the order of ``TrainingRow/sorted(_:)``.
    package init(rows: [TrainingRow], seed: UInt64) {
        self.rows = rows
        chance = Chance(seed: seed)
        var harmless = Grammar.harmless
        harmless.add("quoted", texts: rows.filter { $0.kind == .benign && $0.isDocument }.map(\.text))
        for form in Self.forms { harmless.add("form \(form)", ["{\(form)}"]) }
        self.harmless = harmless
        everything = HeadMaterial.grammar(rows)
        makeAttacks()
        makeHarm()
        makeHarmless()
        makeTools()
        makeInjections()
        makeAnswers()
    }

    // MARK: Kinds

    private mutating func makeAttacks() {
        for row in rows where row.kind == .attack { add("attack", true, row.source, row.text, most: 2, varied: true) }
        for _ in 0..<700 {
            add("attack", true, "generated attacks", everything.make("attack", &chance), most: 1)
        }
    }

    private mutating func makeHarm() {
        for row in rows where row.kind == .harm { add("harm", true, row.source, row.text, most: 2) }
    }

    private mutating func makeHarmless() {
        let asked = rows.filter { $0.kind == .benign && !$0.isDocument }
        let bySource = Dictionary(grouping: asked, by: \.source)
        for (source, rows) in bySource.sorted(by: { $0.key < $1.key }) {
            var texts = rows.map(\.text)
            chance.shuffle(&texts)
            for text in texts.prefix(500) { add("benign", false, source, text, most: 2) }
            // Harmless rows are short: length must not become the mark.
            var rest = texts.prefix(500)[...]
            while rest.count >= 4 {
                add("benign", false, source, rest.prefix(4).joined(separator: "\n"), most: 2)
                rest = rest.dropFirst(16)
            }
        }
        for (rule, count) in [("ask", 400), ("lookAlike", 500), ("instruction", 600), ("reminder", 100), ("rule", 200)]
        {
            for _ in 0..<count {
                add("benign", false, "generated \(rule)s", harmless.make(rule, &chance), most: 1)
            }
        }
    }

    private mutating func makeTools() {
        for form in Self.forms {
            let source = "generated \(form.prefix { $0 != "*" })"
            for _ in 0..<110 { add("tools", false, source, harmless.make("form \(form)", &chance), most: 2) }
        }
        for _ in 0..<250 {
            let round = HarmlessRequest.round(from: harmless, &chance)
            for (place, text) in round.texts where place == .result {
                add("tools", false, "generated rounds", text, most: 2)
            }
        }
        for row in rows where row.kind == .benign && row.isDocument {
            add("tools", false, row.source, row.text, most: 2)
        }
    }

    private mutating func makeInjections() {
        for row in rows where row.kind == .injection {
            groups += 1
            for _ in 0..<8 { plant(row.text, row.category ?? row.source, from: "i\(groups)") }
        }
        for (rule, count) in [("plain", 600), ("wrapper", 600), ("attack", 200)] {
            for _ in 0..<count {
                groups += 1
                plant(everything.make(rule, &chance), "generated \(rule)", from: "g\(groups)")
            }
        }
    }

    private static let openings = [
        "", "", "", "Important message to the assistant: ", "Before you answer, ", "New instructions: ", "Also, ",
        "SYSTEM: ", "Please also do the following. ", "Stop. Instead, ", "When you have read this, ",
    ]

    /// Adds the first window that holds most of an order in a harmless text.
    private mutating func plant(_ order: String, _ source: String, from group: String) {
        let host = harmless.make(chance.isLucky(percent: 70) ? "output" : "document", &chance)
        let lines = host.split(separator: "\n", omittingEmptySubsequences: false)
        let place = [0, lines.count, chance.below(lines.count + 1)][chance.below(3)]
        let planted = chance.pick(Self.openings) + order
        let whole = (lines[..<place].map(String.init) + [planted] + lines[place...].map(String.init))
            .joined(separator: "\n")
        let wanted = CanonicalText(planted).plain.text
        let view = CanonicalText(whole).plain
        guard let start = view.text.firstRange(of: wanted)?.lowerBound else { return }
        let passage = start..<start + wanted.count
        let window = view.windows.first { window in
            let shared = window.range.clamped(to: passage).count
            return 2 * shared >= min(passage.count, TextWindow.length)
        }
        guard let window else { return }
        windows.append(
            LabelledWindow(
                kind: "injection", isPositive: true, source: source, group: group,
                text: String(decoding: window.text, as: UTF8.self)))
    }

    private mutating func makeAnswers() {
        for isValidation in [false, true] {
            for label in [0, 1] {
                var fitting = rows.filter {
                    $0.kind == .output && $0.label == label && $0.isValidation == isValidation
                }
                chance.shuffle(&fitting)
                for row in fitting.prefix(isValidation ? 200 : 600) {
                    add(
                        "output", label == 1, isValidation ? "validation" : "train", row.text, most: 2,
                        group: row.category)
                }
            }
        }
        for (rule, count) in [("say", 250), ("howTo", 250), ("call", 250), ("code*30", 150), ("paragraph", 150)] {
            let source = "generated \(rule.prefix { $0 != "*" }) answers"
            for _ in 0..<count { add("answers", false, source, made(rule), most: 1) }
        }
    }

    private mutating func made(_ rule: String) -> String {
        harmless.make(rule.contains("*") ? "form \(rule)" : rule, &chance)
    }

    // MARK: Windows

    /// - Parameters:
    ///   - most: The most windows of the text: the first, and others by chance.
    ///   - varied: True to cut a third of them short.
    ///   - group: The texts of a group are held back together.
    private mutating func add(
        _ kind: String, _ isPositive: Bool, _ source: String, _ text: String, most: Int, varied: Bool = false,
        group: String? = nil
    ) {
        groups += 1
        let all = CanonicalText(text).plain.windows
        guard let first = all.first else { return }
        var others = Array(all.dropFirst())
        chance.shuffle(&others)
        for window in [first] + others.prefix(most - 1) {
            var bytes = window.text
            if varied, chance.isLucky(percent: 30) {
                bytes = Array(bytes.prefix(60 + chance.below(TextWindow.length - 60)))
            }
            windows.append(
                LabelledWindow(
                    kind: kind, isPositive: isPositive, source: source, group: "\(group ?? kind)-\(groups)",
                    text: String(decoding: bytes, as: UTF8.self)))
        }
    }
}
