import HoldfastServer
import Access
import ArgumentParser
import Availability
import Ledger
import LedgerDisk
import NIOCore
import Settings
import Storage
import StorageSQLite
import Wire

/// The month or day that a report covers.
struct ReportPeriod: ParsableArguments {
    @Option(help: "The month, such as 2026-06.") var month: String?
    @Option(help: "Or a single day, such as 2026-06-12. In UTC, like months.") var day: String?

    func validate() throws {
        if (month == nil) == (day == nil) { throw ValidationError("name a --month or a --day") }
        if let month, Self.month(month) == nil { throw ValidationError("--month wants a month such as 2026-06") }
        if let day, Self.day(day) == nil { throw ValidationError("--day wants a day such as 2026-06-12") }
    }

    /// The period's name for people.
    var label: String { month ?? day ?? "" }

    var period: Period { (month.flatMap(Self.month) ?? day.flatMap(Self.day))! }

    static func month(_ text: String) -> Period? {
        // Beyond, what is months later has no four digits.
        guard text.utf8.count == 7, text >= "1970-01", text < "9000-01", let start = UnixTime("\(text)-01") else {
            return nil
        }
        return Period(start: Int(start.seconds), minutes: Int(start.monthLater(1).seconds - start.seconds) / 60)
    }

    private static func day(_ text: String) -> Period? {
        guard text.utf8.count == 10, text >= "1970-01-01", let start = UnixTime(text) else { return nil }
        return Period(start: Int(start.seconds), minutes: 1440)
    }
}

extension UnixTime {
    /// The first day of the month that is so many later; before the year
    /// 10,000.
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

/// The source of a report's counts.
struct ReportSource {
    var histories: [Subject: History]
    /// In a sentence.
    var words: String
    /// For machines.
    var members: [(name: String, value: String)]

    /// Reads the counts that a running Holdfast keeps: fast, but only as reliable as the disk that they are on.
    ///
    /// - Throws: an exit code, after the reason has been printed.
    static func kept(_ settings: Settings, _ period: Period) throws -> ReportSource {
        do throws(StorageError) {
            let counts = try SQLiteReader(directory: settings.dataDirectory).counts(period.hours)
            return ReportSource(
                histories: History.gathered(period, counts),
                words: "Out of the counts that Holdfast keeps; --verified counts anew out of the signed ledger.",
                members: [("kind", "counts")])
        } catch {
            complain("holdfast: \(error.message)")
            throw ExitStatus.noInput.exit
        }
    }

    /// Counts again, entry by entry, while the ledger is verified.
    ///
    /// - Throws: an exit code, after the reason has been printed.
    static func verified(_ options: LedgerOptions, _ period: Period) throws -> ReportSource {
        var tally = LedgerTally(period, now: Int(UnixTime.now.seconds))
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
