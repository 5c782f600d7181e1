import ArgumentParser
import Encodings
import HoldfastCLI
import Testing

/// The help of every command.
@Suite struct HelpTests {
    /// A command with the words that lead to it.
    struct Named: Sendable, CustomTestStringConvertible {
        var type: any ParsableCommand.Type
        var words: [String]
        var testDescription: String { words.joined(separator: " ") }

        var below: [Named] {
            type.configuration.subcommands.map { Named(type: $0, words: words + [$0._commandName]) }
        }
        var withAllBelow: [Named] { [self] + below.flatMap(\.withAllBelow) }
    }

    static let all = Named(type: Holdfast.self, words: []).withAllBelow

    @Test func thereAreAllCommands() {
        #expect(Self.all.count > 45)
        #expect(Set(Self.all.map(\.words)).count == Self.all.count)
    }

    @Test("fits 80 columns, and says how it is called", arguments: all)
    func help(command: Named) {
        let help = Holdfast.helpMessage(for: command.type, columns: 80)
        for line in help.split(separator: "\n") { #expect(line.columns <= 80, "\(line)") }
        #expect(help.contains((["USAGE: holdfast"] + command.words).joined(separator: " ")), "\(help)")
        #expect(help.contains("OVERVIEW: "))
        #expect(command.type.configuration.abstract.hasSuffix("."), "\(command.type.configuration.abstract)")
    }

    @Test(
        "--help of a command is its help", arguments: all.filter { !$0.words.isEmpty && $0.words != ["engine-guard"] })
    func asked(command: Named) async {
        let done = await run(command.words + ["--help"])
        #expect(done.code == 0 && done.remarks.isEmpty)
        #expect(done.output.contains((["USAGE: holdfast"] + command.words).joined(separator: " ")), "\(done.output)")
    }

    @Test(
        "a group without a command says which there are",
        arguments: ["keys", "drill", "ledger", "sla", "weights", "engine"])
    func groups(word: String) async throws {
        let done = await run(word)
        #expect(done.code == 0)
        let group = try #require(Self.all.first { $0.words == [word] })
        for command in group.below { #expect(done.output.contains("\n  \(command.words[1]) "), "\(done.output)") }
    }

    @Test("every command that prints something prints JSON too", arguments: all.filter { $0.below.isEmpty })
    func json(command: Named) {
        // A server's output is its log, a proof is a format of its own, and a
        // guard is not for people.
        let without = ["serve", "witness serve", "ledger prove", "engine-guard"]
        let help = Holdfast.helpMessage(for: command.type, columns: 80)
        #expect(help.contains("--json") != without.contains(command.testDescription))
    }
}
