import ArgumentParser
import Conversation
import Encodings
import Files
import HoldfastServer
import Settings
import Supervision
import Wire

/// `holdfast constitution`
struct ConstitutionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "constitution", abstract: "Try the clauses by which the supervisor judges.",
        discussion: """
            A constitution is a file of clauses (docs/constitution.md). One ships with Holdfast; the \
            settings name another as `supervision: {constitution: FILE}`.
            """,
        subcommands: [ConstitutionCheck.self, ConstitutionShow.self])
}

/// `holdfast constitution check`
struct ConstitutionCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Judge every example of a constitution, and show what each clause catches.",
        discussion: """
            The examples have to be caught by their clause, and the counter-examples must not be; \
            the exit code is 1 where one is judged otherwise. They are judged by literals, hidden \
            text and the first stage, as in service; no server has to run.

            Example: holdfast constitution check constitution.yaml
            """)

    @Argument(help: "The file; without one, the constitution that ships.", completion: .file(extensions: ["yaml"]))
    var file: String?

    @Flag(help: "Print JSON, for programs.") var json = false

    func run() throws {
        let read = try ConstitutionFile.loaded(file)
        let cascade = Cascade(read.constitution, classifier: FirstStage.shared, hasSecondStage: false)
        let trial = ConstitutionTrial(of: cascade)
        if json { printJSON { Self.write(read, trial, to: &$0) } } else { printTable(read, trial) }
        if !trial.wrong.isEmpty { throw ExitCode(1) }
    }

    private func printTable(_ read: ConstitutionFile, _ trial: ConstitutionTrial) {
        var rows = [["CLAUSE", "CAUGHT", "SPARED", "BY"]]
        for clause in read.constitution.clauses {
            let results = trial.results.filter { $0.clause == clause.id }
            rows.append([
                clause.id, Self.part(results.filter(\.isExample)), Self.part(results.filter { !$0.isExample }),
                Self.detectors(results),
            ])
        }
        print(Table(rows: rows).text)
        for result in trial.wrong {
            print("")
            print(result.isExample ? "Not caught by \(result.clause):" : "Wrongly caught by \(result.clause):")
            print(Table(rows: [[result.scope.rawValue, Printable.text(result.text, most: 300)]], indent: 2).text)
        }
        print("")
        let count = trial.results.count
        print(
            trial.wrong.isEmpty
                ? "\(read.constitution.name): \(count) examples, all judged as they should be."
                : "\(read.constitution.name): \(trial.wrong.count) of \(count) examples judged otherwise.")
        print("sha256 \(read.digest)")
    }

    /// `3 of 4`; a dash where there are none.
    private static func part(_ results: [ConstitutionTrial.Result]) -> String {
        results.isEmpty ? "-" : "\(results.count(where: \.isRight)) of \(results.count)"
    }

    /// The ways in which examples were caught, with their numbers.
    private static func detectors(_ results: [ConstitutionTrial.Result]) -> String {
        var counts: [String: Int] = [:]
        for word in results.filter(\.isExample).flatMap({ Set($0.detectors.map(\.words)) }) { counts[word, default: 0] += 1 }
        return counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    private static func write(_ read: ConstitutionFile, _ trial: ConstitutionTrial, to json: inout JSONWriter) {
        json.member("name", read.constitution.name)
        json.member("sha256", read.digest)
        json.array("examples") { json in
            for result in trial.results {
                json.object { json in
                    json.member("clause", result.clause)
                    json.member("scope", result.scope.rawValue)
                    json.member("kind", result.isExample ? "example" : "counter-example")
                    json.member("right", result.isRight)
                    json.array("caught_by") { json in for detector in result.detectors { json.value(detector.words) } }
                    json.member("ruling", result.ruling.rawValue)
                    json.member("text", result.text)
                }
            }
        }
    }
}

/// `holdfast constitution show`
struct ConstitutionShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print the constitution that ships, or what a file says.",
        discussion: """
            Without a file, the text is printed as it ships, to be changed and kept.

            Example: holdfast constitution show > constitution.yaml
            """)

    @Argument(help: "A file to summarize.", completion: .file(extensions: ["yaml"]))
    var file: String?

    @Flag(help: "Print JSON, for programs.") var json = false

    func run() throws {
        let read = try ConstitutionFile.loaded(file)
        if json { return printJSON { Self.write(read, to: &$0) } }
        guard file != nil else {
            return print(String(decoding: ConstitutionFile.standardBytes, as: UTF8.self), terminator: "")
        }
        var rows = [["CLAUSE", "SEVERITY", "ACTIONS", "FINDS BY"]]
        for clause in read.constitution.clauses {
            rows.append([clause.id, clause.severity.rawValue, Self.actions(clause), Self.means(clause)])
        }
        print(Table(rows: rows).text)
    }

    private static func actions(_ clause: Clause) -> String {
        PassageScope.allCases.compactMap { scope in
            clause.actions[scope].map { "\(scope.rawValue): \($0.rawValue)" }
        }.joined(separator: ", ")
    }

    private static func means(_ clause: Clause) -> String {
        var means = clause.detectors.map(\.head.rawValue)
        if !clause.literals.isEmpty { means.insert("\(clause.literals.count) literals", at: 0) }
        if clause.hiddenText != nil { means.append("hidden text") }
        return means.joined(separator: ", ")
    }

    private static func write(_ read: ConstitutionFile, to json: inout JSONWriter) {
        json.member("name", read.constitution.name)
        json.member("sha256", read.digest)
        json.array("clauses") { json in
            for clause in read.constitution.clauses {
                json.object { json in
                    json.member("id", clause.id)
                    json.member("severity", clause.severity.rawValue)
                    json.member("text", clause.text)
                    json.object("scope") { json in
                        for scope in PassageScope.allCases {
                            guard let action = clause.actions[scope] else { continue }
                            json.key(dynamic: scope.rawValue)
                            json.value(action.rawValue)
                        }
                    }
                    json.array("literals") { json in for literal in clause.literals { json.value(literal) } }
                    json.object("detectors") { json in
                        for detector in clause.detectors {
                            json.key(dynamic: detector.head.rawValue)
                            json.value(Double(detector.strictness) / 1000)
                        }
                    }
                    json.member("hidden_text", ifPresent: clause.hiddenText?.rawValue)
                }
            }
        }
    }
}

extension ConstitutionFile {
    /// - Parameter path: nil for the one that ships.
    /// - Throws: an exit code, after the reason has been printed.
    static func loaded(_ path: String?) throws -> ConstitutionFile {
        let file: ConstitutionFile?
        let problems: [SettingsIssue]
        do throws(FileFault) {
            (file, problems) = try load(path)
        } catch {
            complain("holdfast: \(error)")
            throw ExitStatus.noInput.exit
        }
        for problem in problems { complain(problem.description) }
        guard let file else { throw ExitStatus.config.exit }
        return file
    }
}
