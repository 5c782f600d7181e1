import ArgumentParser
import Availability
import FoundationEssentials
import Ledger
import LedgerDisk
import NIOCore
import Wire

/// `holdfast sla`
struct SLA: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sla", abstract: "What contracts say of a month, and what applications felt.",
        subcommands: [SLAReport.self])
}

/// `holdfast sla report`
struct SLAReport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Contract uptime and continuity of a month, out of the ledger.",
        discussion: """
            Contracts count attempts at a provider, by their status; applications count requests \
            that were answered whole. Both stand here, side by side, and are never blended. The \
            ledger is verified as it is read.

            Example: holdfast sla report --month 2026-06 --provider anthropic
            """)

    @OptionGroup var options: LedgerOptions
    @Option(help: "The month, such as 2026-06.") var month: String
    @Option(help: "Only this provider's models.") var provider: String?
    @Flag(help: "Print JSON.") var json = false

    /// The three kinds of published formulas, with the thresholds of the
    /// vectors that they are tested with (Tests/Fixtures/sla-golden.json).
    private static let formulas: [Contract] = [
        Contract(
            name: "5-minute mean", formula: .intervalMean(minutes: 5, empty: .available),
            failing: [500...500],
            tiers: [.init(below: 99.9, credit: 10), .init(below: 99, credit: 25), .init(below: 95, credit: 100)]),
        Contract(
            name: "bad minutes", formula: .badMinuteRuns(share: 0.05, run: 5), failing: [500...599],
            tiers: [.init(below: 99.5, credit: 10), .init(below: 99, credit: 25), .init(below: 95, credit: 50)]),
        Contract(
            name: "attempts", formula: .attemptsRatio(repeatWindow: 5), failing: [500...599],
            tiers: [.init(below: 99.9, credit: 10), .init(below: 99, credit: 25)]),
    ]

    func run() throws {
        guard let length = Self.days(of: month) else {
            complain("holdfast: --month wants a year and a month, such as 2026-06")
            throw ExitStatus.usage.exit
        }
        let folder = try options.folder()
        let policy = try options.trusted(isOwn: true)
        var tally = MonthTally(minutes: length * 1440)
        let verified = try options.told { () throws(LedgerProblem) in
            try LedgerVerifier(folder, policy: policy).verify { _, bytes in
                if let request = request(bytes) { tally.add(request) }
            }
        }
        let report = tally.report
        let services = report.services.filter { provider == nil || $0.key.hasPrefix("\(provider!)/") }
            .sorted { $0.key < $1.key }
        if json { return print(String(buffer: Self.json(month, verified, services, report.routes))) }
        print("\(month), out of \(verified.checkpoint.checkpoint.origin): \(verified.entries) entries, verified\n")
        print("What contracts count: attempts, by the status of their answers")
        var rows = [
            ["PROVIDER/MODEL", "ATTEMPTS", "NO ANSWER"] + Self.formulas.map { $0.name.uppercased() } + ["FAILED FOR"]
        ]
        for (name, service) in services {
            let causes = service.causes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            rows.append(
                [name, String(service.attempts), String(service.unanswered)]
                    + Self.formulas.map { contract in
                        let uptime = contract.uptime(of: service.counts)
                        let credit = contract.credit(at: uptime)
                        return Self.percent(uptime) + (credit > 0 ? " (credit \(Int(credit)) %)" : "")
                    } + [causes.map { "\($0.key) \($0.value)" }.joined(separator: ", ")])
        }
        print(Table(rows: rows).text)
        print("\nWhat applications felt: requests, answered whole by whomever")
        rows = [["ROUTE", "REQUESTS", "CONTINUITY", "BY A STAND-IN", "TURNED AWAY", "CALLERS GONE"]]
        for (name, felt) in report.routes.sorted(by: { $0.key < $1.key }) {
            rows.append([
                name.isEmpty ? "(provider named)" : name, String(felt.requests),
                felt.continuity.map(Self.percent) ?? "-",
                String(felt.byStandIn), String(felt.turnedAway), String(felt.callersGone),
            ])
        }
        print(Table(rows: rows).text)
    }

    private func request(_ bytes: ArraySlice<UInt8>) -> MonthTally.Request? {
        guard let entry = try? JSONDocument(ByteBuffer(bytes: bytes)).root,
            entry["kind"]?.isString("request.settled") == true, let at = entry["at"]?.string, at.hasPrefix(month + "-"),
            let minute = Self.minute(at)
        else { return nil }
        // What a drill has injected is no provider's answer, and what it asked
        // itself no application's request.
        let isRehearsed = entry["drill"] != nil
        if isRehearsed, entry["key"]?.isString("drill") == true { return nil }
        return MonthTally.Request(
            minute: minute, route: entry["route"]?.string ?? "", outcome: entry["outcome"]?.string ?? "",
            isByStandIn: entry["stand_in"] != nil || entry["continued"] != nil,
            attempts: entry["attempts"]?.elements.map {
                .init(by: $0["by"]?.string ?? "", status: $0["status"]?.int, cause: $0["cause"]?.string)
            } ?? [], isRehearsed: isRehearsed)
    }

    /// Minutes since the month began, of `2026-06-12T09:30:…`.
    private static func minute(_ at: String) -> Int? {
        let digits = Array(at.utf8)
        func number(_ place: Int) -> Int? {
            guard digits.count >= place + 2 else { return nil }
            return Int(String(decoding: digits[place..<place + 2], as: UTF8.self))
        }
        guard let day = number(8), let hour = number(11), let minute = number(14) else { return nil }
        return ((day - 1) * 24 + hour) * 60 + minute
    }

    private static func days(of month: String) -> Int? {
        let parts = month.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 4, parts[1].utf8.count == 2, let year = Int(parts[0]),
            let number = Int(parts[1]), (1...12).contains(number), year > 0
        else { return nil }
        switch number {
        case 4, 6, 9, 11: return 30
        case 2: return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: return 31
        }
    }

    /// To four decimals, and never up to a hundred that it isn't.
    private static func percent(_ value: Double) -> String {
        let scaled = (value * 10_000).rounded(.down) / 10_000
        var text = String(scaled)
        let decimals = text.split(separator: ".").last?.count ?? 0
        text += String(repeating: "0", count: max(0, 4 - decimals))
        return text + " %"
    }

    private static func json(
        _ month: String, _ verified: LedgerVerifier.Report, _ services: [(key: String, value: MonthReport.Service)],
        _ routes: [String: MonthReport.Felt]
    ) -> ByteBuffer {
        var json = JSONWriter()
        json.object { json in
            json.member("month", month)
            json.member("ledger", verified.checkpoint.checkpoint.origin)
            json.member("entries", Int(verified.entries))
            json.array("services") { json in
                for (name, service) in services {
                    json.object { json in
                        json.member("service", name)
                        json.member("attempts", service.attempts)
                        json.member("unanswered", service.unanswered)
                        json.array("contracts") { json in
                            for contract in formulas {
                                json.object { json in
                                    let uptime = contract.uptime(of: service.counts)
                                    json.member("formula", contract.name)
                                    json.member("uptime_percent", uptime)
                                    json.member("credit_percent", contract.credit(at: uptime))
                                }
                            }
                        }
                        json.array("causes") { json in
                            for (cause, count) in service.causes.sorted(by: { $0.key < $1.key }) {
                                json.object { json in
                                    json.member("cause", cause)
                                    json.member("attempts", count)
                                }
                            }
                        }
                    }
                }
            }
            json.array("routes") { json in
                for (name, felt) in routes.sorted(by: { $0.key < $1.key }) {
                    json.object { json in
                        json.member("route", name)
                        json.member("requests", felt.requests)
                        json.member("whole", felt.whole)
                        json.member("continuity_percent", ifPresent: felt.continuity)
                        json.member("by_stand_in", felt.byStandIn)
                        json.member("turned_away", felt.turnedAway)
                        json.member("callers_gone", felt.callersGone)
                    }
                }
            }
        }
        return json.buffer
    }
}
