import Encodings
import Glibc

// For an auditor who trusts nothing else: the ledger's formats, a reader of
// folders, and this. `VerifyArguments` is the command line, `Audit` what is
// looked at, `AuditFailure` how it can end.

func show(_ text: String) { print(Printable.lines(text)) }

func complain(_ text: String) {
    var bytes = Array(Printable.lines("holdfast-verify: \(text)\n").utf8)[...]
    while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        guard count > 0 || errno == EINTR else { return }
        bytes = bytes.dropFirst(max(0, count))
    }
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
