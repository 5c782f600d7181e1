import Encodings
import Access
import ArgumentParser
import Custody
import Failures
import Ledger
import NIOCore
import Resilience
import Routing
import Wire

/// Options of `ledger show` that choose entries. What can't be read is refused:
/// a filter that silently matches nothing reads like "nothing happened".
struct EntryFilter: ParsableArguments {
    @Option(help: "Only from this time on: 2026, 2026-06, 2026-06-12, 2026-06-12T10:15, or RFC 3339. In UTC.")
    var since: TimeBound?
    @Option(help: "Only before this time, written like --since.") var until: TimeBound?
    @Option(help: "Only of this route.") var route: String?
    @Option(help: "Only with this cause, of a hold or of an attempt.") var cause: String?
    @Option(help: "Only of this kind, such as request.settled or hold.placed.") var kind: String?

    func validate() throws {
        if let kind { try Self.check("--kind", kind, EntryKind.allCases.map(\.rawValue)) }
        if let cause { try Self.check("--cause", cause, Self.causes) }
        if let since, let until, since.time >= until.time {
            throw ValidationError("--since \(since.written) is not before --until \(until.written)")
        }
    }

    /// The causes of attempts and holds, and of refused weights.
    private static let causes =
        Cause.allCases.map(\.rawValue) + [HoldGround.byHand.rawValue] + CustodyProblem.Kind.allCases.map(\.rawValue)

    private static func check(_ option: String, _ word: String, _ known: [String]) throws {
        guard !known.contains(word) else { return }
        let hint =
            Spelling.closest(to: word, among: known).map { "did you mean \"\($0)\"?" }
            ?? "there are \(known.joined(separator: ", "))"
        throw ValidationError("\(option) has no \"\(word.printable.prefix(64))\"; \(hint)")
    }

    func matches(_ entry: JSONView) -> Bool {
        if since != nil || until != nil {
            // What has no time that can be read is shown rather than hidden.
            if let at = entry["at"]?.string.flatMap({ UnixTime($0) }) {
                if let since, at < since.time { return false }
                if let until, at >= until.time { return false }
            }
        }
        if let kind, entry["kind"]?.string != kind { return false }
        if let route, entry["route"]?.string != route { return false }
        guard let cause else { return true }
        return entry["cause"]?.string == cause
            || entry["attempts"]?.elements.contains { $0["cause"]?.string == cause } == true
    }
}

/// The routes that entries name, so that a misspelt one is noticed.
struct SeenRoutes {
    /// More would be no help.
    private static let most = 1_000
    private(set) var names: Set<String> = []

    mutating func add(_ entry: JSONView) {
        guard names.count < Self.most, let route = entry["route"]?.string else { return }
        names.insert(route)
    }

    /// The objection to a route that no entry names; nil where one does.
    func objection(to route: String) -> String? {
        guard !names.contains(route), names.count < Self.most else { return nil }
        let hint =
            Spelling.closest(to: route, among: names.sorted()).map { "did you mean \"\($0)\"?" }
            ?? (names.isEmpty ? "none names any" : "they name \(names.sorted().prefix(10).joined(separator: ", "))")
        return "no entry names the route \"\(route)\"; \(hint)"
    }
}

/// A time, or the beginning of a year, month, day, hour or minute.
struct TimeBound: ExpressibleByArgument {
    var time: UnixTime
    var written: String

    /// Nil, a usage error, if it is neither.
    init?(argument: String) {
        let whole = "0000-01-01T00:00:00Z"
        let parts: Set<Int> = [4, 7, 13, 16, 19]
        let completed =
            parts.contains(argument.utf8.count) ? argument + whole.dropFirst(argument.utf8.count) : argument
        guard let time = UnixTime(argument) ?? UnixTime(completed) else { return nil }
        self.time = time
        written = argument
    }
}
