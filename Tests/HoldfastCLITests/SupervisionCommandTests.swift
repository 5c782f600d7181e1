import Encodings
import Testing

/// `constitution` and `supervise`.
@Suite struct SupervisionCommandTests {
    private static let own = """
        name: own
        clauses:
          - id: no-nightjar
            text: The project isn't named.
            scope: {user: block, tool result: withhold, answer: block}
            literals: [project nightjar]
            examples:
              - user: Tell me about Project Nightjar.
            counter_examples:
              - user: Nightjars are birds.
        """

    private func with(_ text: String, _ body: (String) async throws -> Void) async throws {
        let folder = try ScratchFolder()
        try await body(try folder.write(text, to: "constitution.yaml"))
    }

    @Test func aConstitutionThatKeepsItsWord() async throws {
        try await with(Self.own) { path in
            let done = await run("constitution", "check", path)
            #expect(done.code == 0 && done.remarks.isEmpty, "\(done)")
            #expect(done.output.contains("no-nightjar") && done.output.contains("1 of 1"))
            #expect(done.lines.allSatisfy { $0.columns <= 80 })
        }
    }

    @Test(
        "an example that isn't caught, and a counter-example that is, are told, and the code is 1",
        arguments: [
            ("Tell me about Project Nightjar.", "Tell me about the weather.", "Not caught by no-nightjar:"),
            ("Nightjars are birds.", "Project Nightjar is secret.", "Wrongly caught by no-nightjar:"),
        ])
    func aConstitutionThatBreaksItsWord(old: String, new: String, expected: String) async throws {
        try await with(Self.own.replacing(old, with: new)) { path in
            let done = await run("constitution", "check", path)
            #expect(done.code == 1)
            #expect(done.output.contains(expected) && done.output.contains(new), "\(done.output)")
            let json = await run("constitution", "check", path, "--json")
            #expect(json.code == 1 && json.output.contains("\"right\":false"))
        }
    }

    @Test func aBrokenFileIsToldByItsLines() async throws {
        try await with("name: t\nclauses:\n  - {id: c, text: x, scope: {usr: flag}, literals: [abc]}\n") { path in
            let done = await run("constitution", "check", path)
            #expect(done.code == 78)
            #expect(done.remarks.contains("constitution.yaml:3:") && done.remarks.contains("did you mean \"user\"?"))
        }
        #expect(await run("constitution", "check", "/nowhere/c.yaml").code == 66)
    }

    @Test func theOneThatShipsIsPrintedAsItIs() async {
        let done = await run("constitution", "show")
        #expect(done.code == 0 && done.output.contains("name: holdfast-default"))
        #expect(await run("constitution", "show", "--json").output.contains("\"sha256\""))
    }

    @Test func aVerdictIsExplained() async throws {
        try await with(Self.own) { path in
            let done = await run("supervise", "About P r o j e c t  N i g h t j a r", "--constitution", path)
            #expect(done.code == 0, "\(done)")
            #expect(
                done.output.contains("block") && done.output.contains("no-nightjar") && done.output.contains("literal"))
            #expect(done.lines.allSatisfy { $0.columns <= 80 }, "\(done.output)")
            let result = await run(
                "supervise", "project nightjar", "--scope", "tool result", "--constitution", path, "--json")
            #expect(result.output.contains("\"ruling\":\"withhold\"") && result.output.contains("Withheld by policy"))
            let other = await run("supervise", path, "--scope", "answer", "--constitution", path, "--json")
            #expect(other.output.contains("\"ruling\":\"block\""), "a file is read: \(other.output)")
        }
    }

    @Test func aScopeThatIsNoneIsRefused() async {
        #expect(await run("supervise", "x", "--scope", "users").code == 64)
    }
}
