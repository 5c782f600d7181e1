import ArgumentParser
import Availability
import Files
import Glibc
import HoldfastServer
import NIOCore
import Storage
import StorageSQLite
import Wire

/// `holdfast-measure counts`
struct MeasureCounts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "counts", abstract: "Measure what counts take on this machine, and how fast they are reported.",
        discussion: """
            Counts a month of made-up requests into a new folder, as `holdfast serve` does, \
            reports it as `holdfast sla report` does, and removes the folder.

            Example: holdfast-measure counts /tmp --requests 10000000
            """)

    @Argument(help: "Where the folder is made.", completion: .directory)
    var parent: String
    @Option(help: "How many requests.") var requests = 10_000_000
    @Option(help: "On how many routes, each with two candidates.") var routes = 10
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        guard (1...1_000_000_000).contains(requests) else { throw ValidationError("--requests must be 1 to 10⁹") }
        guard (1...1000).contains(routes) else { throw ValidationError("--routes must be 1 to 1,000") }
    }

    func run() async throws {
        let path = "\(parent)/holdfast-measure-\(getpid())"
        defer { try? Folder.removeAll(path) }
        do {
            try await measure(path)
        } catch let problem as StorageError {
            complain("\(problem.message)")
            throw ExitCode.cannotCreate
        }
    }

    private func measure(_ path: String) async throws {
        let clock = ContinuousClock()
        // June 2026.
        let period = Period(start: 1_780_272_000, minutes: 43_200)
        let began = clock.now
        let busy = try await count(path, period)
        let counting = began.duration(to: clock.now)
        let reader = try SQLiteReader(directory: path)
        var report: MonthReport?
        let reporting = try clock.measure {
            let histories = History.gathered(period, try reader.counts(period.hours))
            let made = MonthReport(period, histories, terms: .init(), now: .max / 2)
            _ = made.json(label: "2026-06", source: [])
            _ = made.page(label: "2026-06", source: "")
            report = made
        }
        let counted = report!.routes.reduce(0) { $0 + $1.requests }
        guard counted == requests else {
            complain("\(counted) of \(requests) requests are in the report")
            throw ExitCode.dataError
        }
        let bytes = Double(reader.bytes(of: "hourCounts") ?? 0) / Double(busy)
        if json {
            var writer = JSONWriter()
            writer.object { json in
                json.member("requests", requests)
                json.member("counting_seconds", counting / .seconds(1))
                json.member("report_seconds", reporting / .seconds(1))
                json.member("busy_route_minutes", busy)
                json.member("bytes_per_route_minute", bytes)
            }
            return print(String(buffer: writer.buffer))
        }
        print(
            "\(Figures.count(requests)) requests counted in \(Figures.decimals(counting / .seconds(1), 2)) s, reported in "
                + "\(Figures.decimals(reporting / .seconds(1), 3)) s; \(Figures.decimals(bytes, 2)) bytes a busy "
                + "route-minute (\(Figures.count(busy)) of them)")
    }

    /// - Returns: the number of pairs of a route and a minute in which it had requests.
    private func count(_ path: String, _ period: Period) async throws -> Int {
        let storage = try SQLiteStorage(directory: path)
        var book = AvailabilityBook()
        var made = 0
        var busy = 0
        let places = (0..<routes).map { number in
            (route: "route-\(number)", first: "first/opus-\(number % 4)", second: "second/gpt-\(number % 4)")
        }
        for minute in 0..<period.minutes {
            let until = requests * (minute + 1) / period.minutes
            var seen: Set<Int> = []
            while made < until {
                let place = made % routes
                seen.insert(place)
                book.add(request(made, minute, places[place]), at: period.start + minute * 60)
                made += 1
            }
            busy += seen.count
            guard minute % 60 == 59 else { continue }
            let taken = book.take()
            let keys = Array(taken.keys)
            try await storage.addCounts(
                keys.map { CountPlace(hour: $0.hour, subject: $0.subject.text) }
            ) { kept, index in
                var sum = kept.flatMap { HourCounts(packed: $0) } ?? HourCounts()
                if let more = taken[keys[index]] { sum.add(more) }
                return sum.packed
            }
        }
        return busy
    }

    /// A made-up request. One in 500, and all of three days in the middle of the month, fail at the first candidate and
    /// are answered by the second.
    private func request(
        _ number: Int, _ minute: Int, _ place: (route: String, first: String, second: String)
    ) -> CountedRequest {
        var request = CountedRequest(route: place.route, outcome: .served)
        let isDown = (17_280..<21_600).contains(minute)
        if isDown || number % 500 == 0 {
            let cause = isDown ? "withdrawn" : "overloaded"
            request.attempts = [
                .init(by: place.first, status: isDown ? 404 : 529, failure: cause, cause: cause),
                .init(by: place.second, status: 200, failure: nil, cause: nil),
            ]
            request.by = place.second
            request.isByStandIn = true
        } else {
            request.attempts = [.init(by: place.first, status: 200, failure: nil, cause: nil)]
            request.by = place.first
        }
        return request
    }
}
