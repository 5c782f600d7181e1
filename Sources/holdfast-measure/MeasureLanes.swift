import ArgumentParser
import Availability
import CLinux
import NIOCore
import Wire

/// `holdfast-measure lanes`
struct MeasureLanes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lanes", abstract: "Measure Holdfast's HTTP client beside async-http-client on this machine.",
        discussion: """
            Sends plain requests and reads streams through Holdfast's lane and through \
            async-http-client, by turns in one process. The upstream has to give the same answer \
            every time, as bench-upstream does (Benchmarks/README.md).

            Example: holdfast-measure lanes --to 127.0.0.1:9000
            """)

    @Option(help: ArgumentHelp("The upstream, such as 127.0.0.1:9000.", valueName: "host:port"))
    var to: UpstreamAddress
    @Option(help: "How many plain requests each client sends a round.") var requests = 50_000
    @Option(help: "How many of them at a time.") var concurrency = 64
    @Option(help: "Bytes of a request's body.") var size = 1024
    @Option(help: "How many streams each client reads at a time; 0 measures none.") var streams = 512
    @Option(help: "How many rounds; the medians are shown.") var rounds = 5
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        guard (1...10_000_000).contains(requests) else { throw ValidationError("--requests is from 1 to 10,000,000.") }
        guard (1...10_000).contains(concurrency) else { throw ValidationError("--concurrency is from 1 to 10,000.") }
        guard (128...1 << 20).contains(size) else { throw ValidationError("--size is from 128 to 1,048,576.") }
        guard (0...10_000).contains(streams) else { throw ValidationError("--streams is from 0 to 10,000.") }
        guard (1...1000).contains(rounds) else { throw ValidationError("--rounds is from 1 to 1000.") }
    }

    func run() async throws {
        _ = clinux_raise_open_files()
        let measuring = LaneRounds(
            UpstreamLoad(to: to, requests: requests, concurrency: concurrency, streams: streams, size: size))
        do {
            let expected = try await measuring.expectedAnswers()
            let idle = try await measuring.idleShare()
            var taken: [[MeasuredClient: ClientFigures]] = []
            for number in 0..<rounds {
                if !json { complain("round \(number + 1) of \(rounds)") }
                taken.append(try await measuring.round(isReversed: number % 2 == 1, idle: idle, expected))
            }
            await measuring.close()
            json ? print(render(taken, expected)) : show(taken, expected)
        } catch let problem as LoadProblem {
            await measuring.close()
            complain(problem.message)
            throw problem.isUnreachable ? ExitCode.unavailable : .dataError
        }
    }

    // MARK: Text

    /// One column of the result.
    private struct Column {
        var title: String
        var value: (ClientFigures) -> Double?
        var shown: (Double) -> String
    }

    private static var columns: [Column] {
        [
            Column(title: "requests/s", value: \.requestsPerSecond, shown: { Figures.count(Int($0)) }),
            Column(title: "CPU µs a request", value: \.cpuPerRequest, shown: { Figures.decimals($0, 1) }),
            Column(title: "CPU µs an event", value: \.cpuPerEvent, shown: { Figures.decimals($0, 1) }),
            Column(title: "heap KiB a stream", value: \.heapPerStream, shown: { Figures.decimals($0 / 1024, 1) }),
        ]
    }

    private func show(_ taken: [[MeasuredClient: ClientFigures]], _ expected: ExpectedAnswers) {
        print(
            "\(Figures.count(requests)) requests of \(size) bytes, \(concurrency) at a time"
                + (streams > 0 ? "; \(streams) streams of \(expected.events) events" : "")
                + "; medians of \(rounds) \(rounds == 1 ? "round" : "rounds")\n")
        var medians = [[""] + Self.columns.map(\.title)]
        for kind in MeasuredClient.allCases {
            medians.append(
                [kind.title]
                    + Self.columns.map { column in
                        median(taken.compactMap { $0[kind].flatMap(column.value) }).map(column.shown) ?? "-"
                    })
        }
        printAligned(medians)
        print("\nThe lane's figure divided by the other client's, round by round: median (least to most)\n")
        var compared = [[""] + Self.columns.map(\.title)]
        for other in MeasuredClient.allCases.dropFirst() {
            compared.append([other.title] + Self.columns.map { spread(ratios(of: $0.value, to: other, taken)) })
        }
        printAligned(compared)
    }

    /// The ratios of the lane's figures to another client's. Each is taken within one round, where the two are close
    /// together in time.
    private func ratios(
        of value: (ClientFigures) -> Double?, to other: MeasuredClient, _ taken: [[MeasuredClient: ClientFigures]]
    ) -> [Double] {
        taken.compactMap { round in
            guard let ours = round[.lane].flatMap(value), let theirs = round[other].flatMap(value), theirs > 0 else {
                return nil
            }
            return ours / theirs
        }
    }

    private func spread(_ ratios: [Double]) -> String {
        guard let middle = median(ratios), let least = ratios.min(), let most = ratios.max() else { return "-" }
        return "\(Figures.decimals(middle, 2)) (\(Figures.decimals(least, 2)) to \(Figures.decimals(most, 2)))"
    }

    private func median(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    private func printAligned(_ lines: [[String]]) {
        let widths = lines[0].indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        for line in lines {
            let cells = zip(line, widths).enumerated().map { column, cell in
                let space = String(repeating: " ", count: cell.1 - cell.0.count)
                return column == 0 ? cell.0 + space : space + cell.0
            }
            print(cells.joined(separator: "  "))
        }
    }

    // MARK: JSON

    private func render(_ taken: [[MeasuredClient: ClientFigures]], _ expected: ExpectedAnswers) -> String {
        var json = JSONWriter()
        json.object { json in
            json.member("requests", requests)
            json.member("concurrency", concurrency)
            json.member("streams", streams)
            json.member("events", expected.events)
            json.array("rounds") { json in
                for round in taken {
                    json.object { json in
                        for kind in MeasuredClient.allCases {
                            guard let figures = round[kind] else { continue }
                            json.key(dynamic: kind.rawValue)
                            json.object { json in
                                json.member("requests_per_second", figures.requestsPerSecond)
                                json.member("cpu_us_per_request", figures.cpuPerRequest)
                                json.member("cpu_us_per_event", ifPresent: figures.cpuPerEvent)
                                json.member("heap_bytes_per_stream", ifPresent: figures.heapPerStream)
                            }
                        }
                    }
                }
            }
        }
        return String(buffer: json.buffer)
    }
}

/// `127.0.0.1:9000`, `[::1]:9000`
struct UpstreamAddress: ExpressibleByArgument, Sendable {
    /// The address as it stands in a URL.
    var text: String
    var host: String
    var port: Int

    var defaultValueDescription: String { text }

    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":"), let port = Int(argument[argument.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return nil }
        var host = argument[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty, !host.contains("/"), !host.contains("@") else { return nil }
        text = argument
        self.host = String(host)
        self.port = port
    }
}
