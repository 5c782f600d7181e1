import Access
import ArgumentParser
import Availability
import Ledger
import LedgerDisk
import NIOCore
import Settings
import Store
import Wire

/// Which time a report is about.
struct ReportPeriod: ParsableArguments {
    @Option(help: "The month, such as 2026-06.") var month: String?
    @Option(help: "Or a single day, such as 2026-06-12. In UTC, like months.") var day: String?

    func validate() throws {
        if (month == nil) == (day == nil) { throw ValidationError("name a --month or a --day") }
        if let month, Self.month(month) == nil { throw ValidationError("--month wants a month such as 2026-06") }
        if let day, Self.day(day) == nil { throw ValidationError("--day wants a day such as 2026-06-12") }
    }

    /// As people call it.
    var label: String { month ?? day ?? "" }

    var period: Period { (month.flatMap(Self.month) ?? day.flatMap(Self.day))! }

    static func month(_ text: String) -> Period? {
        guard text.utf8.count == 7, let start = UnixTime("\(text)-01") else { return nil }
        return Period(start: Int(start.seconds), minutes: Int(start.monthLater(1).seconds - start.seconds) / 60)
    }

    private static func day(_ text: String) -> Period? {
        guard text.utf8.count == 10, let start = UnixTime(text) else { return nil }
        return Period(start: Int(start.seconds), minutes: 1440)
    }
}

extension UnixTime {
    /// The first day of the month that is so many later.
    func monthLater(_ months: Int) -> UnixTime {
        let digits = description.prefix(7).split(separator: "-").map { Int($0)! }
        let month = digits[0] * 12 + digits[1] - 1 + months
        let (year, number) = (month / 12, month % 12 + 1)
        func padded(_ number: Int, _ width: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
        }
        return UnixTime("\(padded(year, 4))-\(padded(number, 2))-01")!
    }
}

/// Where a report's counts come from.
struct ReportSource {
    var histories: [Subject: History]
    /// In a sentence.
    var words: String
    /// For machines.
    var members: [(name: String, value: String)]

    /// What a running Holdfast keeps: quick, and as good as the disk that it
    /// is on.
    ///
    /// - Throws: an exit code, once the reason has been told.
    static func kept(_ settings: Settings, _ period: Period) throws -> ReportSource {
        do throws(StoreError) {
            let counts = try StoreReader(directory: settings.dataDirectory).counts(period.hours)
            return ReportSource(
                histories: History.gathered(period, counts),
                words: "Out of the counts that Holdfast keeps; --verified counts anew out of the signed ledger.",
                members: [("kind", "counts")])
        } catch {
            complain("holdfast: \(error.message)")
            throw ExitStatus.noInput.exit
        }
    }

    /// Counted anew, entry by entry, while the ledger is verified.
    ///
    /// - Throws: an exit code, once the reason has been told.
    static func verified(_ options: LedgerOptions, _ period: Period) throws -> ReportSource {
        var tally = LedgerTally(period)
        let folder = try options.folder()
        let policy = try options.trusted(isOwn: true)
        let report = try options.told { () throws(LedgerProblem) in
            try LedgerVerifier(folder, policy: policy).verify { _, bytes in tally.add(bytes) }
        }
        let checkpoint = report.checkpoint.checkpoint
        return ReportSource(
            histories: tally.histories,
            words:
                "Counted out of the ledger \(checkpoint.origin), \(checkpoint.size) entries, verified up to the root "
                + "\(checkpoint.root.base64)."
                + (report.minimumIndex == 0
                    ? "" : " Entries before \(report.minimumIndex) were pruned, and are not counted."),
            members: [
                ("kind", "ledger"), ("ledger", checkpoint.origin), ("entries", String(checkpoint.size)),
                ("root", checkpoint.root.base64), ("minimum_index", String(report.minimumIndex)),
            ])
    }
}

/// Counts a ledger's entries.
struct LedgerTally {
    private let period: Period
    private var counts: [AvailabilityBook.Key: HourCounts] = [:]
    /// Holds that nobody has lifted yet: since when, and which services.
    private var holds: [String: (since: Int, provider: String, model: String)] = [:]
    private var heldTimes: [(provider: String, model: String, time: Range<Int>)] = []

    init(_ period: Period) { self.period = period }

    mutating func add(_ bytes: ArraySlice<UInt8>) {
        guard let entry = try? JSONDocument(ByteBuffer(bytes: bytes)).root, let at = entry["at"]?.string,
            let time = UnixTime(at).map({ Int($0.seconds) })
        else { return }
        switch entry["kind"]?.string {
        case "request.settled":
            guard period.minute(at: time) != nil, let request = SettledRequest(entry) else { return }
            request.count { subject, counter in
                counts[.init(hour: time / 3600, subject: subject), default: HourCounts()].add(
                    counter, minute: time / 60 % 60)
            }
        case "hold.placed":
            guard let id = entry["hold"]?.string else { return }
            holds[id] = (time, entry["provider"]?.string ?? "", entry["model"]?.string ?? "")
        case "hold.lifted":
            guard let id = entry["hold"]?.string, let hold = holds.removeValue(forKey: id) else { return }
            heldTimes.append((hold.provider, hold.model, hold.since..<max(hold.since + 1, time)))
        default: break
        }
    }

    var histories: [Subject: History] {
        var histories: [Subject: History] = [:]
        for (key, hour) in held().sorted(by: { $0.key.hour < $1.key.hour }) {
            histories[key.subject, default: History(period)].add(hour, hour: key.hour)
        }
        return histories
    }

    /// With the minutes in which services were held.
    private func held() -> [AvailabilityBook.Key: HourCounts] {
        let end = period.start + period.minutes * 60
        let services = counts.keys.compactMap { key -> String? in
            if case .service(let name) = key.subject { name } else { nil }
        }
        var all = counts
        let open = holds.values.map {
            (provider: $0.provider, model: $0.model, time: $0.since..<max($0.since + 1, end))
        }
        for (provider, model, time) in heldTimes + open {
            let concerned =
                model.isEmpty ? Set(services.filter { $0.hasPrefix("\(provider)/") }) : ["\(provider)/\(model)"]
            let time = time.clamped(to: period.start..<end)
            guard !time.isEmpty else { continue }
            for minute in time.lowerBound / 60...(time.upperBound - 1) / 60 {
                let seconds = time.clamped(to: minute * 60..<minute * 60 + 60).count
                for service in concerned {
                    all[.init(hour: minute / 60, subject: .service(service)), default: HourCounts()].add(
                        .held, minute: minute % 60, UInt32(seconds))
                }
            }
        }
        return all
    }
}

extension SettledRequest {
    /// As the ledger tells it; nil for another kind of entry.
    init?(_ entry: JSONView) {
        guard entry["kind"]?.isString("request.settled") == true,
            let outcome = entry["outcome"]?.string.flatMap(Outcome.init(rawValue:))
        else { return nil }
        self.init(route: entry["route"]?.string, outcome: outcome)
        reason = entry["reason"]?.string
        by = entry["served_by"]?.string
        isByStandIn = entry["stand_in"] != nil || entry["continued"] != nil
        isLate = entry["late"] != nil
        isRehearsed = entry["drill"] != nil
        isOfDrill = isRehearsed && entry["key"]?.isString("drill") == true
        attempts =
            entry["attempts"]?.elements.map {
                Attempt(
                    by: $0["by"]?.string ?? "", status: $0["status"]?.int, failure: $0["failure"]?.string,
                    cause: $0["cause"]?.string)
            } ?? []
    }
}
