import Encodings
import HoldfastServer
import Access
import ArgumentParser
import Availability
import Files
import Ledger
import LedgerDisk
import NIOCore
import Settings
import Wire

/// `holdfast sla claim`
struct SLAClaim: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "claim", abstract: "Write what a claim for a credit has to contain.",
        usage: """
            holdfast sla claim --month <month> --provider <provider>
              --output <output> [<options>]
            """,
        discussion: """
            A folder with the claim, its incidents, a redacted request log, ledger proofs that \
            anybody can check, the contract as it was counted, and the day on which the window \
            closes. The ledger is verified as it is read.

            Example: holdfast sla claim --month 2026-06 --provider bedrock --output june-claim
            """)

    @Option(help: "The month, such as 2026-06.") var month: String
    @Option(help: "The provider that owes.") var provider: String
    @Option(name: [.customLong("output"), .customShort("o")], help: "The folder; must not be there yet.")
    var output: String
    @Option(help: "The most proofs that are written; every failed request is in the log.") var proofs = 200
    @Flag(help: "Print JSON, for programs: the files that were written.") var json = false
    @OptionGroup var options: LedgerOptions

    func validate() throws {
        if ReportPeriod.month(month) == nil { throw ValidationError("--month wants a month such as 2026-06") }
        if proofs < 0 { throw ValidationError("--proofs can't be negative") }
    }

    func run() throws {
        let settings = try options.server.loadSettings()
        guard let owing = settings.providers.first(where: { $0.name == provider }) else {
            complain("holdfast: the settings have no provider \"\(provider.printable.prefix(64))\"")
            throw ExitStatus.usage.exit
        }
        guard let reference = owing.contract else {
            complain(
                "holdfast: \(provider) has no `contract` in the settings; `holdfast sla contracts` lists templates to "
                    + "begin with")
            throw ExitStatus.config.exit
        }
        guard FileKind.at(output, links: .refused) == nil else {
            complain("holdfast: \(output) is there already; name a new folder")
            throw ExitStatus.cannotCreate.exit
        }
        let contract = try ContractFile.loaded(reference)
        try SLAContracts.checkText(contract)
        let period = ReportPeriod.month(month)!
        var evidence = ClaimEvidence(provider: provider, period: period, contract: contract.contract)
        let now = UnixTime.now
        var tally = LedgerTally(period, now: Int(now.seconds))
        let folder = try options.folder()
        let policy = try options.trusted(isOwn: true)
        let ledger = try options.told { () throws(LedgerProblem) in
            try LedgerVerifier(folder, policy: policy).verify { index, bytes in
                tally.add(bytes)
                evidence.add(index, bytes)
            }
        }
        let histories = tally.histories
        let report = MonthReport(
            period, histories, terms: try MonthReport.Terms(settings), now: Int(now.seconds),
            provider: provider)
        let services = histories.compactMap { subject, history -> (name: String, history: History)? in
            guard case .service(let name) = subject, name.hasPrefix("\(provider)/") else { return nil }
            return (name, history)
        }
        let text = ClaimText(
            month: month, provider: owing, contract: contract.contract, report: report,
            incidents: Incident.all(of: services, contract.contract), evidence: evidence,
            checkpoint: ledger.checkpoint.checkpoint, minimumIndex: ledger.minimumIndex, now: now,
            key: policy.logs.first?.key.vkey ?? "", proofs: proofs)
        let prover = LedgerProver(folder, policy: policy)
        var files: [(String, [UInt8])] = [
            ("claim.md", Array(text.letter.utf8)), ("incidents.csv", Array(text.incidentTable.utf8)),
            ("requests.jsonl", evidence.log),
            ("report.html", Array(report.page(label: month, source: "Counted out of the ledger, verified.").utf8)),
        ]
        if let template = ContractFile.templates.first(where: { $0.name == reference }) {
            files.append(("contract.yaml", template.bytes))
        } else {
            files.append(("contract.yaml", try GivenFile.read(reference)))
        }
        for index in evidence.indexes.prefix(proofs) {
            let proof = try options.told { () throws(LedgerProblem) in try prover.prove(index) }
            files.append(("proofs/\(index).tlog-proof", proof.bytes))
        }
        try write(files)
        guard !json else {
            return printJSON { json in
                json.member("folder", output)
                json.member("failed_requests", evidence.indexes.count)
                json.array("files") { json in for (name, _) in files { json.value(name) } }
            }
        }
        print(text.summary(in: output))
    }

    private func write(_ files: [(String, [UInt8])]) throws {
        do throws(FileFault) {
            try Folder.make("\(output)/proofs", mode: 0o777, parents: 0o777)
        } catch {
            complain("holdfast: \(error)")
            throw ExitStatus.cannotCreate.exit
        }
        for (name, bytes) in files { try GivenFile.write("\(output)/\(name)", bytes) }
    }
}

/// The requests of which a provider's contract says that they failed.
struct ClaimEvidence {
    private let provider: String
    private let period: Period
    private let contract: Contract
    /// One JSON object a line: when, which model, which status. Neither whose
    /// key it was nor what the route is called.
    private(set) var log: [UInt8] = []
    private(set) var indexes: [UInt64] = []

    init(provider: String, period: Period, contract: Contract) {
        self.provider = provider
        self.period = period
        self.contract = contract
    }

    mutating func add(_ index: UInt64, _ bytes: ArraySlice<UInt8>) {
        guard let entry = EntryText(bytes)?.document?.root,
            entry["kind"]?.isString("request.settled") == true, entry["drill"] == nil, let at = entry["at"]?.string,
            let time = UnixTime(at), period.minute(at: Int(time.seconds)) != nil
        else { return }
        var isListed = false
        for attempt in entry["attempts"]?.elements.map({ $0 }) ?? [] {
            guard let by = attempt["by"]?.string, by.hasPrefix("\(provider)/"), let status = attempt["status"]?.int,
                contract.isError(status, at: Int(time.seconds) / 60 * 60)
            else { continue }
            var json = JSONWriter()
            json.object { json in
                json.member("at", at)
                json.member("request_id", entry["id"]?.string ?? "")
                json.member("model", String(by.dropFirst(provider.utf8.count + 1)))
                json.member("status", status)
                json.member("ledger_index", Int(index))
            }
            log += Array(json.buffer.readableBytesView) + [UInt8(ascii: "\n")]
            isListed = true
        }
        if isListed { indexes.append(index) }
    }
}
