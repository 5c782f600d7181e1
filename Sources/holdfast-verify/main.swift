import Encodings
import Files
import Glibc

// For an auditor who trusts nothing else: the ledger's formats, a reader of
// folders, and this. `VerifyArguments` is the command line, `Audit` what is
// looked at, `AuditFailure` how it can end.

func show(_ text: String) { print(Printable.lines(text)) }

func complain(_ text: String) {
    let bytes = Array(Printable.lines("holdfast-verify: \(text)\n").utf8)
    _ = bytes.withUnsafeBytes { Output.write($0, to: STDERR_FILENO) }
}

let words = CommandLine.arguments.dropFirst()
do throws(AuditFailure) {
    let arguments = try VerifyArguments(words)
    guard !arguments.wantsHelp, let policy = arguments.policy else {
        show(VerifyArguments.usage)
        exit(0)
    }
    let audit = Audit(arguments: arguments, policy: policy)
    let finding = try audit.run()
    if arguments.isJSON {
        show(finding.json.text(verdict: "HOLDS"))
    } else {
        show("HOLDS")
        for line in finding.lines { show(line) }
    }
    if arguments.showsEntries { try audit.entries(show) }
} catch {
    if let verdict = error.verdict, words.contains("--json") {
        var json = JSONLine()
        json.add("reason", error.reason)
        show(json.text(verdict: verdict))
    }
    complain(error.verdict.map { "\($0): \(error.reason)" } ?? error.reason)
    exit(error.code)
}
