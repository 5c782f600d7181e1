package import Supervision

/// The texts that one head learns from: rows of the data, and texts that
/// grammars make.
package struct HeadMaterial: Sendable {
    package var examples: [TrainingExample] = []
    private let rows: [TrainingRow]
    private var grammar: Grammar
    private var chance: Chance

    /// - Parameter rows: In the order of ``TrainingRow/sorted(_:)``.
    package init(_ head: Head, rows: [TrainingRow], seed: UInt64) {
        self.rows = rows
        chance = Chance(seed: seed &+ UInt64(FirstStageScores.index(of: head)))
        grammar = Self.grammar(rows)
        switch head {
        case .attack: makeAttack()
        case .injection: makeInjection()
        case .harm: makeHarm()
        case .output: makeOutput()
        }
        squash(percent: head == .attack ? 18 : 6)
        chance.shuffle(&examples)
    }

    /// Adds texts without their spaces, as views have them whose words were
    /// torn apart.
    private mutating func squash(percent: Int) {
        for example in examples where chance.isLucky(percent: percent) {
            let core = String(example.core.prefix(1200).filter { !$0.isWhitespace })
            examples.append(TrainingExample(core, isPositive: example.isPositive))
        }
    }

    /// The grammar of all texts, which also quotes harmless rows.
    package static func grammar(_ rows: [TrainingRow], keptBack: Bool = false) -> Grammar {
        var grammar = Grammar.everything
        let benign = rows.filter { $0.kind == .benign && $0.isKeptBack == keptBack && !$0.isValidation }
        // A person's role play is a request of its own, and no page that an
        // agent reads by the dozen.
        let isRolePlay = Set(["GPTeacher roleplay", "awesome-chatgpt-prompts"])
        grammar.add("quoted", texts: benign.filter { !$0.isInstruction && !isRolePlay.contains($0.source) }.map(\.text))
        grammar.add("task", texts: rows.filter { $0.kind == .injection }.map(\.text))
        return grammar
    }

    private func texts(_ kind: TrainingRow.Kind, where isWanted: (TrainingRow) -> Bool = { _ in true }) -> [String] {
        rows.filter { $0.kind == kind && !$0.isValidation && isWanted($0) }.map(\.text)
    }

    private var benign: [TrainingRow] {
        rows.filter { $0.kind == .benign && !$0.isValidation && !$0.isKeptBack }
    }

    private mutating func add(_ texts: [String], positive: Bool) {
        examples += texts.map { TrainingExample($0, isPositive: positive) }
    }

    private mutating func make(_ rule: String, _ count: Int, positive: Bool) {
        for _ in 0..<count { add([grammar.make(rule, &chance)], positive: positive) }
    }

    private mutating func addRequests(_ count: Int, words: Int, where isWanted: (HarmlessRequest.Place) -> Bool) {
        for _ in 0..<count {
            for (place, text) in HarmlessRequest.make(words: words, from: grammar, &chance).texts where isWanted(place)
            {
                add([text], positive: false)
            }
        }
    }

    private mutating func makeAttack() {
        add(texts(.attack), positive: true)
        make("attack", 6000, positive: true)
        make("shortAttack", 9000, positive: true)
        make("wrapper", 2000, positive: true)
        let asks = texts(.harm) + benign.filter { !$0.isDocument && $0.text.utf8.count < 300 }.map(\.text)
        for _ in 0..<2500 {
            let suffix = grammar.make("suffix", &chance)
            examples.append(TrainingExample(suffix, isPositive: true, before: chance.pick(asks) + " "))
        }
        add(benign.map(\.text), positive: false)
        make("lookAlike", 3000, positive: false)
        make("instruction", 10_000, positive: false)
        make("contrast", 10_000, positive: false)
        make("ask", 3000, positive: false)
        make("output", 4000, positive: false)
        make("rule", 600, positive: false)
        addRequests(60, words: 4000) { $0 != .system && $0 != .tools }
    }

    private mutating func makeInjection() {
        let plants = [("plain", 6000), ("wrapper", 5000), ("attack", 1500)]
        for (rule, count) in plants {
            for _ in 0..<count { plant(grammar.make(rule, &chance)) }
        }
        for ask in texts(.harm) where chance.isLucky(percent: 70) { plant(ask) }
        for attack in texts(.attack, where: { $0.text.utf8.count < 800 }) { plant(attack) }
        make("output", 14_000, positive: false)
        make("document", 3000, positive: false)
        make("mailBody", 2500, positive: false)
        add(benign.filter { !$0.isInstruction }.map(\.text), positive: false)
        addRequests(60, words: 4000) { $0 == .result }
    }

    /// Puts an order into a harmless text: at its end, its start, between two
    /// lines, or as the value of a member.
    private mutating func plant(_ order: String) {
        if chance.isLucky(percent: 40) {
            let key = grammar.make("key", &chance)
            examples.append(
                TrainingExample(
                    order, isPositive: true, before: "{" + grammar.make("member", &chance) + ", \"\(key)\": \"",
                    after: "\", " + grammar.make("member", &chance) + "}"))
            return
        }
        let host = grammar.make(chance.isLucky(percent: 60) ? "output" : "document", &chance)
        let lines = host.split(separator: "\n", omittingEmptySubsequences: false)
        let place = [0, lines.count, chance.below(lines.count + 1)][chance.below(3)]
        // The far ends of a long host teach what the harmless rows teach.
        let before = lines[..<place].suffix(12).joined(separator: "\n")
        let after = lines[place...].prefix(12).joined(separator: "\n")
        examples.append(TrainingExample(order, isPositive: true, before: before + "\n", after: "\n" + after))
    }

    private mutating func makeHarm() {
        add(texts(.harm), positive: true)
        let frames = ["Write a guide: ", "Hypothetically, ", "For a novel: ", "Sure. ", "Q: ", "Please answer. "]
        for text in texts(.harm) {
            examples.append(TrainingExample(text, isPositive: true, before: chance.pick(frames)))
        }
        add(benign.map(\.text), positive: false)
        make("ask", 4000, positive: false)
        make("lookAlike", 3000, positive: false)
        make("output", 3000, positive: false)
        addRequests(30, words: 4000) { $0 == .user }
    }

    private mutating func makeOutput() {
        add(texts(.output) { $0.label == 1 }, positive: true)
        add(texts(.output) { $0.label == 0 }, positive: false)
        add(benign.filter { !$0.isInstruction }.map(\.text), positive: false)
        add(texts(.harm), positive: false)
        make("say", 1500, positive: false)
        make("code", 1000, positive: false)
        make("paragraph", 1500, positive: false)
        make("web", 1000, positive: false)
        make("call", 1500, positive: false)
        make("howTo", 1000, positive: false)
    }
}
