import Files
import Glibc
import HoldfastCLI
import Ledger
import LedgerDisk
import Testing

/// `holdfast ledger` and `holdfast sla` over a ledger on a disk.
@Suite final class LedgerShowTests {
    private let scratch: ScratchFolder
    private let key: SignerKey
    private var log: String { scratch.path + "/ledger/log" }
    private var settings: String { scratch.path + "/holdfast.yaml" }

    private static let entries = [
        #"{"v":1,"kind":"request.settled","at":"2026-06-10T08:00:00Z","id":"req_1","key":"k_1","route":"talk","served_by":"q/n","status":200,"outcome":"served","attempts":[{"by":"p/m","status":404,"failure":"http","cause":"withdrawn"},{"by":"q/n","status":200}]}"#,
        #"{"v":1,"kind":"hold.placed","at":"2026-06-10T08:00:01Z","hold":"1f","cause":"withdrawn","provider":"p","model":"m","scope":"model"}"#,
        #"{"v":1,"kind":"request.settled","at":"2026-06-12T10:15:00Z","id":"req_2","key":"k_1","route":"talk","served_by":"p/m","status":200,"outcome":"served","attempts":[{"by":"p/m","status":200}]}"#,
        #"{"v":1,"kind":"request.settled","at":"2026-06-12T10:15:59.9Z","id":"req_3","key":"k_2","route":"write","status":503,"outcome":"provider_error","attempts":[{"by":"p/m","status":503,"failure":"http","cause":"overloaded"}]}"#,
        #"{"v":1,"kind":"hold.placed","at":"2026-06-13T00:00:00Z","hold":"2a","cause":"held_by_hand","provider":"p","model":"m","scope":"model"}"#,
        #"{"v":1,"kind":"administration","action":"/admin/holds"}"#,
    ]

    init() async throws {
        scratch = try ScratchFolder()
        let storage = try LedgerStorage(scratch.path + "/ledger")
        key = try storage.key(named: "ledger.example")
        let key = key
        let sequencer = try LedgerSequencer(
            clock: { 1_781_300_000 },
            reopen: { () throws(LedgerProblem) in try LedgerWriter(storage, key: key, time: 1_781_300_000) })
        for entry in Self.entries { _ = try await sequencer.append(Array(entry.utf8)) }
        sequencer.close()
        try scratch.write(
            """
            keys: none
            ledger: {name: ledger.example, directory: ledger}
            providers:
              p: {dialect: openai, base_url: "https://x.example/v1", api_key: x, contract: azure-openai}
            routes: {talk: {candidates: [{provider: p, model: m}]}}

            """, to: "holdfast.yaml")
    }

    private func show(_ words: [String]) async -> CommandRun {
        await run(["ledger", "show", log, "--log", key.verifier.vkey] + words)
    }

    private static func indexes(_ done: CommandRun) -> [Int] {
        done.lines.compactMap { Int($0.prefix { $0.isNumber }) }
    }

    // MARK: Filters

    @Test(
        "entries are chosen",
        arguments: [
            ([], [0, 1, 2, 3, 4, 5]),
            (["--kind", "request.settled"], [0, 2, 3]), (["--kind", "hold.placed"], [1, 4]),
            (["--kind", "drill.began"], []),
            (["--cause", "withdrawn"], [0, 1]), (["--cause", "overloaded"], [3]), (["--cause", "held_by_hand"], [4]),
            (["--route", "talk"], [0, 2]), (["--route", "write"], [3]),
            (["--cause", "withdrawn", "--kind", "hold.placed"], [1]),
            // What has no time is shown rather than hidden.
            (["--since", "2026"], [0, 1, 2, 3, 4, 5]), (["--since", "2026-06-12"], [2, 3, 4, 5]),
            (["--since", "2026-06-12T10:15:30Z"], [3, 4, 5]), (["--since", "2027"], [5]),
            (["--until", "2026-06-12"], [0, 1, 5]), (["--until", "2026-06-12T10:15"], [0, 1, 5]),
            (["--until", "2026-06-12T10:16"], [0, 1, 2, 3, 5]),
            (["--since", "2026-06-12T10", "--until", "2026-06-13"], [2, 3, 5]),
            (["--since", "2026-06-12T12:14:00+02:00", "--until", "2026-06-12T12:15:01+02:00"], [2, 5]),
            (["--since", "2026-06", "--until", "2026-07", "--route", "talk", "--kind", "request.settled"], [0, 2]),
        ] as [([String], [Int])])
    func chosen(words: [String], expected: [Int]) async {
        let done = await show(words)
        #expect(done.code == 0 && Self.indexes(done) == expected, "\(done)")
        let json = await show(words + ["--json"])
        #expect(json.lines.dropLast().map { $0.hasPrefix("{\"index\":") } == expected.map { _ in true })
        #expect(json.lines.dropLast() == expected.map { "{\"index\":\($0)," + Self.entries[$0].dropFirst() }[...])
    }

    @Test(
        "a filter that can't match is refused, and doesn't read like nothing happened",
        arguments: [
            (["--kind", "request.setled"], "did you mean \"request.settled\"?"), (["--kind", ""], "--kind has no"),
            (["--cause", "withdrwan"], "did you mean \"withdrawn\"?"), (["--since", "12 June"], "12 June"),
            (["--since", "2026-06-12T10:15:00+25:00"], "--since"), (["--until", "2026-06-31"], "2026-06-31"),
            (
                ["--since", "2026-06-12", "--until", "2026-06-11"],
                "--since 2026-06-12 is not before --until 2026-06-11"
            ),
        ])
    func refused(words: [String], says: String) async {
        let done = await show(words)
        #expect(done.code == 64 && done.output.isEmpty && done.remarks.contains(says), "\(done)")
    }

    @Test(
        "a route that no entry names is told",
        arguments: [
            ("tlak", "did you mean \"talk\"?"), ("zzz", "they name talk, write"),
        ])
    func routes(route: String, says: String) async {
        let done = await show(["--route", route])
        #expect(done.code == 0 && done.output.isEmpty)
        #expect(done.remarks.contains("no entry names the route \"\(route)\"; \(says)"), "\(done)")
        #expect(await show(["--route", "talk"]).remarks.isEmpty)
    }

    @Test func aRequestIsALineWithWhatFailed() async {
        let lines = await show(["--kind", "request.settled"]).lines
        #expect(
            lines.first
                == "0  2026-06-10T08:00:00Z  request.settled  200 served  talk → q/n  p/m: withdrawn  key=k_1 req_1")
        #expect(lines[2].contains("write → nobody  p/m: overloaded"))
    }

    // MARK: Whose ledger

    @Test func aLedgerCannotVouchForItself() async {
        let none = await run("ledger", "show", log)
        #expect(none.code == 64 && none.remarks.contains("a ledger can't vouch for itself"))
        let bad = await run("ledger", "show", log, "--log", "no-key")
        #expect(bad.code == 64 && bad.remarks.contains("--log is no key of a log"))
        let other = await run("ledger", "show", log, "--log", SignerKey(name: "ledger.example")!.verifier.vkey)
        #expect(other.code == 65 && other.output.isEmpty, "\(other)")
        let missing = await run("ledger", "show", scratch.path + "/none", "--log", key.verifier.vkey)
        #expect(missing.code != 0 && missing.output.isEmpty)
        let policy = await run("ledger", "show", log, "--policy", scratch.path + "/none")
        #expect(policy.code == 66 && policy.remarks.contains("cannot read \(scratch.path)/none"))
    }

    @Test func theSettingsOwnLedgerNeedsNoKey() async {
        let done = await run("ledger", "show", "--config", settings, "--kind", "hold.placed")
        #expect(done.code == 0 && Self.indexes(done) == [1, 4], "\(done)")
        #expect(await run("ledger", "key", "--config", settings).output == key.verifier.vkey + "\n")
        let json = await run("ledger", "key", "--json", "--config", settings)
        #expect(json.output == #"{"name":"ledger.example","vkey":"\#(key.verifier.vkey)"}"# + "\n")
    }

    // MARK: Files for people

    private func prove(_ output: String) async -> CommandRun {
        await run("ledger", "prove", "req_2", "--config", settings, "-o", output)
    }

    @Test func aProofIsAFileOrPrinted() async throws {
        let printed = await run("ledger", "prove", "2", "--config", settings)
        #expect(printed.code == 0 && printed.output.hasPrefix("c2sp.org/tlog-proof@v1"), "\(printed)")
        let file = scratch.path + "/receipt"
        #expect(await prove(file).output.isEmpty)
        #expect(try scratch.text("receipt") == printed.output)
        // Written over as a whole.
        try scratch.write(String(repeating: "long ago ", count: 1000), to: "receipt")
        #expect(await prove(file).code == 0)
        #expect(try scratch.text("receipt") == printed.output)
    }

    @Test("where a file can't be written, the reason is told", arguments: ["fifo", "folder", "no folder"])
    func unwritable(kind: String) async throws {
        let path = scratch.path + (kind == "no folder" ? "/none/receipt" : "/receipt")
        if kind == "fifo" { mkfifo(path, 0o600) }
        if kind == "folder" { mkdir(path, 0o700) }
        let reason = ["fifo": "it is a FIFO", "folder": "it is a folder", "no folder": "No such file"][kind] ?? ""
        for done in [
            await prove(path),
            await run("sla", "report", "--month", "2026-06", "--verified", "--config", settings, "--html", path),
        ] {
            #expect(done.code == 73 && done.remarks.contains("cannot write \(path): \(reason)"), "\(done)")
        }
        #expect(scratch.exists("receipt") == (kind != "no folder"))
    }

    @Test func anEntryThatIsNotThereIsSaidNotToBe() async {
        let done = await run("ledger", "prove", "req_9", "--config", settings)
        #expect(done.code == 65 && done.remarks.contains("the ledger has no entry of \"req_9\""), "\(done)")
    }

    @Test func aReportIsAPage() async throws {
        let page = scratch.path + "/june.html"
        let done = await run("sla", "report", "--month", "2026-06", "--verified", "--config", settings, "--html", page)
        #expect(done.code == 0 && done.output.isEmpty, "\(done)")
        let text = try scratch.text("june.html")
        #expect(text.hasPrefix("<!doctype html>") || text.hasPrefix("<!DOCTYPE html>"), "\(text.prefix(100))")
        #expect(text.contains("Counted out of the ledger ledger.example, 6 entries"))
        let table = await run("sla", "report", "--month", "2026-06", "--verified", "--config", settings)
        #expect(table.code == 0 && table.output.contains("p/m"), "\(table)")
    }

    @Test func aClaimIsAFolderOfFiles() async throws {
        let claim = scratch.path + "/june"
        let words = ["sla", "claim", "--month", "2026-06", "--provider", "p", "--config", settings, "-o", claim]
        let done = await run(words)
        #expect(done.code == 0, "\(done)")
        for name in [
            "claim.md", "incidents.csv", "requests.jsonl", "report.html", "contract.yaml", "proofs/3.tlog-proof",
        ] {
            #expect(scratch.exists("june/\(name)"), "\(name)")
        }
        #expect(try scratch.text("june/requests.jsonl").contains(#""request_id":"req_3""#))
        #expect(try scratch.text("june/claim.md").hasPrefix("# SLA credit request: p, 2026-06"))
        let again = await run(words)
        #expect(again.code == 73 && again.remarks.contains("is there already; name a new folder"))
        let below = await run(words.dropLast() + [settings + "/june"])
        #expect(below.code == 73 && below.remarks.contains("cannot create"), "\(below)")
    }
}
