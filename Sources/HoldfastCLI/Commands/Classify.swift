import Encodings
import ArgumentParser
import Failures
import FoundationEssentials
import Glibc
import NIOCore
import Wire

/// `holdfast classify`
struct Classify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what recorded failures of providers mean.",
        discussion: """
            The file has one JSON object a line: id, dialect, position (connect, head, body, \
            stream, stream-end), status, headers, body; docs/failures.md has it all. A line \
            that says what it should mean (cause, scope, evidence) is compared; the exit code \
            is 1 where one differs.

            Example: holdfast classify failures.jsonl
            """)

    @Argument(help: "The file; - is standard input.", completion: .file())
    var file: String

    @Flag(help: "Print one JSON object a line.")
    var json = false

    func run() throws {
        let text: String
        if file == "-" {
            var data = Data()
            while let line = readLine(strippingNewline: false) { data.append(contentsOf: line.utf8) }
            text = String(decoding: data, as: UTF8.self)
        } else {
            // Recorded failures, a line each: a log of a day can be large.
            text = String(decoding: try GivenFile.read(file, limit: 1 << 30), as: UTF8.self)
        }
        var rows = [["ID", "CAUSE", "SCOPE", "EVIDENCE", "RULE", ""]]
        var wrong = 0
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard line.contains(where: { !$0.isWhitespace }) else { continue }
            let failure: RecordedFailure
            do {
                failure = try RecordedFailure(line: try JSONDocument(String(line)))
            } catch {
                complain("holdfast: \(file):\(number + 1): \(error)")
                throw ExitStatus.dataError.exit
            }
            let verdict = Classifier.standard.judge(failure.symptom, now: time(nil))
            let differs = Self.differences(failure, verdict)
            if !differs.isEmpty { wrong += 1 }
            if json {
                print(String(buffer: Self.json(failure, verdict, differs)))
            } else {
                rows.append([
                    failure.id, verdict.cause.rawValue, verdict.scope.rawValue, verdict.evidence?.rawValue ?? "-",
                    verdict.rule, differs.joined(separator: ", "),
                ])
            }
        }
        if !json { print(Table(rows: rows).text) }
        if wrong > 0 { throw ExitCode(1) }
    }

    private static func differences(_ failure: RecordedFailure, _ verdict: Verdict) -> [String] {
        var differs: [String] = []
        if let cause = failure.cause, cause != verdict.cause.rawValue { differs.append("cause should be \(cause)") }
        if let scope = failure.scope, scope != verdict.scope.rawValue { differs.append("scope should be \(scope)") }
        if let evidence = failure.evidence, evidence != verdict.evidence?.rawValue {
            differs.append("evidence should be \(evidence)")
        }
        return differs
    }

    private static func json(_ failure: RecordedFailure, _ verdict: Verdict, _ differs: [String]) -> ByteBuffer {
        var json = JSONWriter()
        json.object { json in
            json.member("id", failure.id)
            json.member("cause", verdict.cause.rawValue)
            json.member("scope", verdict.scope.rawValue)
            json.member("evidence", ifPresent: verdict.evidence?.rawValue)
            json.member("rule", verdict.rule)
            json.member("words", verdict.words)
            if let retryAfter = verdict.retryAfter {
                json.member("retry_after_s", Double(retryAfter.components.seconds))
            }
            if !differs.isEmpty { json.array("differs") { json in for each in differs { json.value(each) } } }
        }
        return json.buffer
    }
}
