import ArgumentParser
import Availability
import Conversation
import Encodings
import Files
import HoldfastServer
import Settings
import Supervision
import Wire

/// `holdfast supervise`
struct Supervise: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Judge a text by the constitution, and explain the verdict.",
        usage: "holdfast supervise <text> [<options>]",
        discussion: """
            Shows the views of the text in which the supervisor reads it, the clauses that it \
            breaks, and the first stage's scores, each as a part of its threshold. No server has to \
            run, and no model is asked. What this shows is for operators: callers learn a clause \
            and a reference.

            Example: holdfast supervise --scope "tool result" page.html
            """)

    @Argument(help: "A file, or the text itself.", completion: .file())
    var text: String

    @Option(help: "What the text is: user, system, tool result, document, answer, …")
    var scope = PassageScope.user

    @Option(help: "The constitution's file; without one, the one that ships.", completion: .file(extensions: ["yaml"]))
    var constitution: String?

    @Flag(help: "Print JSON, for programs.") var json = false

    func run() throws {
        let read = try ConstitutionFile.loaded(constitution)
        let text = try judged()
        let cascade = Cascade(read.constitution, classifier: FirstStage.shared, hasSecondStage: false)
        let explanation = Explanation(of: text, as: scope, by: cascade)
        if json { printJSON { write(read, explanation, to: &$0) } } else { printTables(read, explanation) }
    }

    /// The text of the file of that name, or the argument.
    private func judged() throws -> String {
        guard text.utf8.count <= 4096, !text.contains("\n"), WholeFile.isReadable(text) else { return text }
        let bytes = try GivenFile.read(text)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            complain("holdfast: \(self.text) is not text in UTF-8")
            throw ExitStatus.dataError.exit
        }
        return text
    }

    private func printTables(_ read: ConstitutionFile, _ explanation: Explanation) {
        let verdict = explanation.verdict
        var rows = [["ruling", verdict.ruling.rawValue + (verdict.error.map { ": \($0)" } ?? "")]]
        if let note = verdict.withheld[0] { rows.append(["note", note.text]) }
        if let reference = verdict.reference { rows.append(["reference", reference]) }
        rows.append(["constitution", "\(read.constitution.name), sha256 \(read.digest.prefix(16))…"])
        rows.append(["stages", "literals, hidden text, first stage; the second needs a running server"])
        for hidden in explanation.hidden.prefix(20) {
            rows.append([
                "hidden", "\(hidden.kind.rawValue), bytes \(hidden.range.lowerBound)-\(hidden.range.upperBound)",
            ])
        }
        for marker in explanation.markers.prefix(20) {
            rows.append([
                "role marker", "\(marker.kind.rawValue), bytes \(marker.range.lowerBound)-\(marker.range.upperBound)",
            ])
        }
        print(Table(rows: rows).text)
        if !verdict.findings.isEmpty {
            print("")
            let heads = [["CLAUSE", "SEVERITY", "ACTION", "BY", "SCORE"]]
            print(
                Table(
                    rows: heads
                        + verdict.findings.map {
                            [
                                $0.clause, $0.severity.rawValue, $0.action.rawValue, $0.detector.words,
                                Figures.decimals($0.score, 2),
                            ]
                        }, rightAligned: [4]
                ).text)
        }
        print("")
        var views = [["VIEW", "ATTACK", "INJECTION", "HARM", "OUTPUT", "TEXT"]]
        for reading in explanation.readings {
            views.append(
                [reading.view.kind.words]
                    + Head.allCases.map { head in reading.scores.map { Figures.decimals($0[head], 2) } ?? "-" }
                    + [Printable.text(String(decoding: reading.view.text.prefix(400), as: UTF8.self), most: 100)])
        }
        print(Table(rows: views, rightAligned: [1, 2, 3, 4]).text)
    }

    private func write(_ read: ConstitutionFile, _ explanation: Explanation, to json: inout JSONWriter) {
        let verdict = explanation.verdict
        json.member("ruling", verdict.ruling.rawValue)
        json.member("error", ifPresent: verdict.error)
        json.member("reference", ifPresent: verdict.reference)
        json.member("note", ifPresent: verdict.withheld[0]?.text)
        json.member("scope", scope.rawValue)
        json.object("constitution") { json in
            json.member("name", read.constitution.name)
            json.member("sha256", read.digest)
        }
        json.array("findings") { json in
            for finding in verdict.findings {
                json.object { json in
                    json.member("clause", finding.clause)
                    json.member("severity", finding.severity.rawValue)
                    json.member("action", finding.action.rawValue)
                    json.member("by", finding.detector.words)
                    json.member("score", finding.score)
                }
            }
        }
        json.array("hidden") { json in
            for hidden in explanation.hidden {
                json.object { json in
                    json.member("kind", hidden.kind.rawValue)
                    json.member("from", hidden.range.lowerBound)
                    json.member("to", hidden.range.upperBound)
                }
            }
        }
        json.array("views") { json in
            for reading in explanation.readings {
                json.object { json in
                    json.member("view", reading.view.kind.words)
                    json.member("text", String(decoding: reading.view.text, as: UTF8.self))
                    guard let scores = reading.scores else { return }
                    json.object("scores") { json in
                        for head in Head.allCases {
                            json.key(dynamic: head.rawValue)
                            json.value(scores[head])
                        }
                    }
                }
            }
        }
    }
}

extension PassageScope: ExpressibleByArgument {}
