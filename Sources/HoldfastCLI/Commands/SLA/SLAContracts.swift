import Encodings
import ArgumentParser
import Availability
import Crypto
import FoundationEssentials
import Ledger
import Settings
import Wire

/// `holdfast sla contracts`
struct SLAContracts: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "contracts", abstract: "List the contracts that are counted by, or print one.",
        discussion: """
            A provider's `contract` names a template or a file. Templates are published agreements, \
            each marked with what of it was read and when: print one, hold it against what you have \
            signed, and keep it as a file of your own, with the text's hash.

            Example: holdfast sla contracts amazon-bedrock > bedrock.yaml
            """)

    @OptionGroup var config: ConfigOption
    @Argument(help: "A template's name or a file: check and print it.") var contract: String?
    @Flag(help: "Print JSON, for programs.") var json = false

    func run() throws {
        if let contract {
            if !json, let template = ContractFile.templates.first(where: { $0.name == contract }) {
                return print(String(decoding: template.bytes, as: UTF8.self), terminator: "")
            }
            let file = try ContractFile.loaded(contract)
            try Self.checkText(file)
            guard !json else { return printJSON { Self.write(file.contract, to: &$0) } }
            return print(Table(rows: Self.facts(file.contract)).text)
        }
        var rows = [["CONTRACT", "FORMULA", "CREDITS", "DATED", "USED BY"]]
        let settings = try? ConfigOption.read(config.file).settings
        let providers = settings?.providers ?? []
        var listed: Set<String> = []
        var contracts: [(contract: Contract, users: [String])] = []
        let references = ContractFile.templates.map(\.name) + providers.compactMap(\.contract)
        for reference in references where listed.insert(reference).inserted {
            let file = try ContractFile.loaded(reference)
            try Self.checkText(file)
            let users = providers.filter { $0.contract == reference }.map(\.name)
            contracts.append((file.contract, users))
            rows.append([
                reference, file.contract.formula.words, file.contract.tierWords, file.contract.dated,
                users.joined(separator: ", "),
            ])
        }
        guard !json else {
            return printJSON { json in
                json.array("contracts") { json in
                    for (contract, users) in contracts {
                        json.object { json in
                            Self.write(contract, to: &json)
                            json.array("used_by") { json in for user in users { json.value(user) } }
                        }
                    }
                }
            }
        }
        print(Table(rows: rows).text)
    }

    private static func write(_ contract: Contract, to json: inout JSONWriter) {
        json.member("name", contract.name)
        json.member("title", contract.title)
        json.member("source", contract.source)
        json.member("dated", contract.dated)
        json.member("text_sha256", ifPresent: contract.textDigest.isEmpty ? nil : contract.textDigest)
        json.member("formula", contract.formula.words)
        json.array("credits") { json in
            for tier in contract.tiers {
                json.object { json in
                    json.member("below_percent", tier.below)
                    json.member("credit_percent", tier.credit)
                }
            }
        }
        json.member("claim", ifPresent: contract.notice?.words)
    }

    private static func facts(_ contract: Contract) -> [[String]] {
        var rows = [
            ["name", contract.name], ["title", contract.title], ["source", contract.source], ["dated", contract.dated],
            ["text", contract.textDigest.isEmpty ? "not pinned" : "sha256 \(contract.textDigest), as pinned"],
            ["formula", contract.formula.words], ["failing", contract.failing.words],
            ["not counted", contract.uncounted.words], ["credits", contract.tierWords],
            ["claim", contract.notice?.words ?? "no window is given"],
        ]
        rows += contract.excluded.map { ["excluded", $0.reason] }
        return rows.filter { !$0[1].isEmpty }
    }

    /// The text that was agreed on must still be the one that was pinned.
    static func checkText(_ file: ContractFile) throws {
        guard let path = file.text else { return }
        let bytes = try GivenFile.read(path)
        let digest = Hex.encode(SHA256.hash(data: bytes))
        guard file.contract.textDigest.isEmpty || file.contract.textDigest == digest else {
            complain("holdfast: \(path) is not the text that \(file.contract.name) pins: its sha256 is \(digest)")
            throw ExitStatus.dataError.exit
        }
    }
}

extension Formula {
    /// For people.
    var words: String {
        switch self {
        case .intervalMean(let minutes, let empty):
            "mean of \(minutes)-minute intervals, empty ones \(empty == .available ? "count as up" : "left out")"
        case .badMinuteRuns(let share, let run):
            "minutes with over \(Figures.decimals(share * 100, 1)) % errors, \(run) or more in a row"
        case .attemptsRatio(let window):
            "failures against attempts" + (window > 0 ? ", repeated within \(window) min left out" : "")
        }
    }
}

extension Contract {
    var tierWords: String {
        tiers.map { "<\(Self.short($0.below)) %: \(Self.short($0.credit)) %" }.joined(separator: ", ")
    }

    /// Without zeros that say nothing.
    private static func short(_ number: Double) -> String {
        number == number.rounded() ? String(Int(number)) : String(number)
    }
}

extension Contract.Notice {
    var words: String {
        switch self {
        case .daysAfter(let days): "within \(days) days of the incident"
        case .daysAfterMonth(let days): "within \(days) days of the month's end"
        case .endOfMonthAfter(1): "until the end of the next month"
        case .endOfMonthAfter(let months): "until the end of the month that is \(months) later"
        }
    }
}

extension [ClosedRange<Int>] {
    var words: String {
        map { $0.count == 1 ? String($0.lowerBound) : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ", ")
    }
}
