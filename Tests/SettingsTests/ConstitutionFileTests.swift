import Conversation
import Settings
import Supervision
import Testing

/// The file of a constitution.
@Suite struct ConstitutionFileTests {
    private func read(_ text: String) -> (file: ConstitutionFile?, problems: [String]) {
        let (file, problems) = ConstitutionFile.read(Array(text.utf8), file: "c.yaml")
        return (file, problems.map(\.description))
    }

    private static func clause(_ more: String, scope: String = "user: flag") -> String {
        "name: t\nclauses:\n  - {id: c, text: A rule., scope: {\(scope)}\(more.isEmpty ? "" : ", " + more)}\n"
    }

    // MARK: The one that ships

    @Test func theOneThatShipsIsRight() {
        let (file, problems) = ConstitutionFile.read(ConstitutionFile.standardBytes, file: "constitution.yaml")
        #expect(problems.isEmpty, "\(problems)")
        #expect(file?.constitution.name == "holdfast-default")
        #expect(ConstitutionFile.standard.digest.count == 64)
        #expect(ConstitutionFile.standardBytes.count < 16 << 10)
    }

    @Test("in the one that ships, instructions and tools are flagged only, and results are never blocked")
    func theOneThatShipsLetsAgentsWork() {
        for clause in ConstitutionFile.standard.constitution.clauses {
            for scope in [PassageScope.system, .toolDefinition] {
                #expect((clause.actions[scope] ?? .flag) == .flag, "\(clause.id)")
            }
            for scope in [PassageScope.toolResult, .document] {
                #expect(clause.actions[scope] != .block, "\(clause.id)")
            }
            if clause.detectors.contains(where: { $0.head == .harm }) {
                #expect(clause.actions.values.allSatisfy { $0 == .flag }, "\(clause.id)")
            }
        }
    }

    @Test("in the one that ships, no literal is found in a counter-example, and every example with one is caught")
    func theOneThatShipsCatchesItsLiterals() {
        let trial = ConstitutionTrial(of: Cascade(ConstitutionFile.standard.constitution))
        for result in trial.results where !result.isExample { #expect(result.isRight, "\(result)") }
        for clause in ConstitutionFile.standard.constitution.clauses where clause.detectors.isEmpty {
            #expect(!clause.examples.isEmpty && !clause.counterexamples.isEmpty, "\(clause.id)")
            for result in trial.results where result.clause == clause.id { #expect(result.isRight, "\(result)") }
        }
    }

    @Test("in the one that ships, every example is caught by what ships, and no counter-example")
    func theOneThatShipsPassesItsOwnTrial() {
        let constitution = ConstitutionFile.standard.constitution
        let trial = ConstitutionTrial(of: Cascade(constitution, classifier: FirstStage.shared, hasSecondStage: false))
        for result in trial.wrong { Issue.record("\(result)") }
        for clause in constitution.clauses {
            #expect(!clause.examples.isEmpty && !clause.counterexamples.isEmpty, "\(clause.id)")
        }
    }

    @Test("the one that ships never blocks for instructions, tools, results or a model's words in the past")
    func theOneThatShipsBlocksNoSession() {
        let cascade = Cascade(ConstitutionFile.standard.constitution, classifier: FirstStage.shared)
        let texts = ConstitutionFile.standard.constitution.clauses.flatMap { $0.literals + $0.examples.map(\.text) }
        for text in texts {
            for scope in PassageScope.allCases where scope != .user {
                var request = RequestPassages()
                request.newestUserTurn = 2
                let turn: Int? = scope == .system || scope == .toolDefinition ? nil : 1
                request.passages = [
                    Passage(scope, turn: turn, block: 0, text: text, path: "a", range: 0..<1),
                    Passage(.user, turn: 2, block: 1, text: "Go on, please.", path: "b", range: 1..<2),
                ]
                let verdict = cascade.judge(request).verdict
                #expect(verdict.ruling < .block, "\(scope.rawValue): \(text)")
                if turn == nil { #expect(verdict.ruling <= .flag, "\(scope.rawValue): \(text)") }
            }
        }
    }

    // MARK: Shapes

    @Test func everythingIsRead() throws {
        let text = """
            name: mine
            clauses:
              - id: no-leaks
                text: Names of customers stay inside.
                severity: critical
                scope: {tool result: withhold, answer: block, user: flag}
                literals: [Project Nightjar, "<|secret|>"]
                detectors: {attack: 150%, output: 80%}
                hidden_text: block
                examples:
                  - answer: The Project Nightjar begins.
                counter_examples:
                  - user: A nightjar is a bird.
            """
        let file = try #require(read(text).file)
        #expect(
            file.constitution
                == Constitution(
                    name: "mine",
                    clauses: [
                        Clause(
                            id: "no-leaks", text: "Names of customers stay inside.", severity: .critical,
                            actions: [.toolResult: .withhold, .answer: .block, .user: .flag],
                            literals: ["Project Nightjar", "<|secret|>"],
                            detectors: [
                                Clause.Detector(.attack, strictness: 1500), Clause.Detector(.output, strictness: 800),
                            ], hiddenText: .block, examples: [.init(.answer, "The Project Nightjar begins.")],
                            counterexamples: [.init(.user, "A nightjar is a bird.")])
                    ]))
        #expect(file.digest == PolicyDigest.sha256(Array(text.utf8)))
    }

    @Test(arguments: [
        ("clauses: []", "c.yaml:1:1: name is missing"),
        ("name: t", "clauses is missing"),
        ("name: t\nclauses: {a: b}", "clauses must be a list of clauses"),
        ("name: t\nclauses: []", "clauses must be a list of clauses"),
        ("name: t\nclauses: [{text: x}]", "clauses[0] needs an id, such as no-hidden-instructions"),
        ("name: t\nclauses: [{id: a b, text: x, scope: {user: flag}, literals: [abc]}]", "must be of letters, digits"),
        (
            clause("literals: [abc]") + "  - {id: c, text: x, scope: {user: flag}, literals: [abc]}",
            "which another clause has"
        ),
        (clause(""), "clauses[0] finds nothing: add literals"),
        (clause("literals: [a]"), "a literal has from 3 to 160 bytes"),
        (clause("literals: [abc]", scope: ""), "clauses[0].scope is empty"),
        (clause("literals: [abc]", scope: "users: flag"), "has no \"users\"; did you mean \"user\"?"),
        (clause("literals: [abc]", scope: "user: forbid"), "must be flag, withhold or block, not \"forbid\""),
        (clause("literals: [abc]", scope: "user: "), "needs an action: block, withhold or flag"),
        (clause("literals: [abc]", scope: "system: withhold"), "scope.system can't be withhold"),
        (clause("literals: [abc], severity: huge"), "must be low, medium, high or critical"),
        (clause("detectors: {atack: 100%}"), "has no \"atack\"; did you mean \"attack\"?"),
        (clause("detectors: {attack: 1}"), "must be a part of its own threshold from 10% to 1000%"),
        (clause("detectors: {attack: }"), "needs a threshold"),
        (clause("detectors: {harm: 100%}", scope: "user: block"), "harm never blocks alone"),
        (clause("hidden_text: yes"), "must be flag, withhold or block"),
        (
            clause("literals: [abc], examples: [{answer: x}]"),
            "has one for answer, which the clause's scope doesn't name"
        ),
        (clause("literals: [abc], examples: [{user: x, answer: y}]"), "must be one scope and one text"),
        (clause("literals: [abc], examples: [{user: }]"), "has no text"),
        (clause("literals: [abc], examples: abc"), "must be a list"),
        (clause("literals: [abc], exmaples: []"), "did you mean \"examples\"?"),
    ])
    func whatIsWrong(text: String, expected: String) {
        let (file, told) = read(text)
        #expect(file == nil && told.contains { $0.contains(expected) }, "\(told)")
        #expect(told.allSatisfy { $0.hasPrefix("c.yaml:") }, "\(told)")
    }

    @Test func literalsAreLimitedTogether() {
        let literal = String(repeating: "x", count: 150)
        let literals = (0..<300).map { "\"\(literal)\($0)\"" }.joined(separator: ", ")
        #expect(
            read(Self.clause("literals: [\(literals)]")).problems.contains { $0.contains("32 KiB, which is the limit") }
        )
    }

    @Test func variablesAreNotReplaced() throws {
        let file = try #require(read(Self.clause("literals: [\"${HOME}\"]")).file)
        #expect(file.constitution.clauses[0].literals == ["${HOME}"])
    }
}
