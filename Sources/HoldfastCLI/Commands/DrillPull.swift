import AdminAPI
import ArgumentParser
import Failures
import Glibc
import NIOCore
import Settings
import UnixSignals

/// `holdfast drill pull`
struct DrillPull: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Pull a candidate of a route for a while, and report what its callers felt.",
        usage: "holdfast drill pull <route> [<options>]",
        discussion: """
            At the provider's edge Holdfast itself says what the provider would say. The route \
            is watched before, while it is pulled, and after. Without --load, live traffic is \
            all there is. Exit codes: 0 passed, 1 failed, 2 nothing can be said.

            Example: holdfast drill pull assistant --as withdrawn --load 20rps --for 60s
                     holdfast drill pull assistant --as broken --at-token 40 --load 5rps
                     holdfast drill pull assistant --as unreachable --cut --load 5rps
                     holdfast drill pull assistant --as unsupervised --load 5rps
            """)

    @Argument(help: "The route.")
    var route: String
    @Option(help: "The candidate, provider/model. [default: the route's first]")
    var model: String?
    @Option(
        name: .customLong("as"),
        help: ArgumentHelp(
            "What it says: \(Self.words.joined(separator: ", ")). The last takes the route's supervisor away.",
            valueName: "cause"))
    var cause = "withdrawn"
    @Option(help: "In the middle of its streams, after so many tokens. [default: in place of an answer]")
    var atToken: Int?
    @Flag(help: "Cut the connection of streams: those under way, or with --at-token each one there.")
    var cut = false
    @Option(help: "Requests that Holdfast makes itself, e.g. 20rps. [default: live traffic only]")
    var load: Rate?
    @Option(name: .customLong("for"), help: "How long it is pulled.")
    var duration = Seconds(60)
    @Option(help: "How long the route is watched before.")
    var warmUp = Seconds(5)
    @Option(help: "How long the route is watched after.")
    var recovery = Seconds(5)
    @OptionGroup var server: ServerOption
    @Flag(help: "Print the report as JSON; progress goes to standard error.")
    var json = false

    /// The word for a drill of the route's supervisor.
    private static let unsupervised = "unsupervised"
    private static var words: [String] { Cause.allCases.map(\.rawValue) + [unsupervised] }

    func validate() throws {
        guard Self.words.contains(cause) else {
            throw ValidationError("--as is one of \(Self.words.joined(separator: ", "))")
        }
        if cause == Self.unsupervised, model != nil || atToken != nil || cut {
            throw ValidationError("--as unsupervised pulls the supervisor: without --model, --at-token and --cut")
        }
        if let atToken, atToken < 1 { throw ValidationError("--at-token must be 1 or more") }
    }

    func run() async throws {
        let running = try server.running()
        try await warnOfNoTraffic(running)
        // Before it begins: from then on Ctrl-C has to end it. A terminal that
        // closes sends SIGHUP; whatever it is, the lease would end it too, ten
        // seconds later.
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        let begun = try await running.post(AdminPath.drills, order, as: DrillView.self)
        let id = begun.id
        complain("Drill \(id): \(begun.pulled) on \(route), as \(cause). Ctrl-C ends it and gives it back.")
        let wasInterrupted = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in signals { return true }
                return false
            }
            group.addTask {
                try await watch(id, running)
                return false
            }
            let first = try await group.next() ?? false
            group.cancelAll()
            return first
        }
        if wasInterrupted {
            _ = try await running.post(AdminPath.endDrill(id))
            complain("Ended: the candidate is given back.")
        }
        let answer = try await report(id, running)
        let view = try RunningHoldfast.read(answer, as: DrillView.self)
        print(json ? String(buffer: answer) : DrillText(view).report)
        switch view.verdict {
        case .passed: return
        case .failed: throw ExitCode(1)
        case .inconclusive, nil: throw ExitCode(2)
        }
    }

    /// Without requests nothing can be said in the end: better to hear it now.
    private func warnOfNoTraffic(_ running: RunningHoldfast) async throws {
        guard load == nil else { return }
        let routes = try await running.get(AdminPath.routes, as: RoutesView.self).routes
        guard let known = routes.first(where: { $0.name == route }), known.recentRequests == 0 else { return }
        complain(
            "warning: \(route) had no request in the last 5 minutes, and without --load the drill makes none: "
                + "nothing will meet the pull. Add --load 1rps, or send requests.")
    }

    private var order: DrillOrderView {
        var order = DrillOrderView(route: route, model: model, as: cause)
        order.atToken = atToken
        order.cut = cut
        order.loadRps = load?.value
        order.seconds = duration.value
        order.warmUp = warmUp.value
        order.recovery = recovery.value
        return order
    }

    /// Renews the lease and tells how it goes, until it is over.
    private func watch(_ id: String, _ running: RunningHoldfast) async throws {
        let isTerminal = isatty(STDERR_FILENO) == 1
        var told: (phase: DrillView.Part?, line: String) = (nil, "")
        while !Task.isCancelled {
            let view = try await running.post(AdminPath.renewDrill(id), as: DrillView.self)
            let phase = view.phase
            let line = "  " + DrillText(view).progress
            if isTerminal {
                say("\r\u{1B}[K" + line)
            } else if phase != told.phase, !told.line.isEmpty {
                // A line for each phase, once all of it is known.
                complain(told.line)
            }
            told = (phase, line)
            if phase == .over { break }
            try await Task.sleep(for: .milliseconds(250))
        }
        if isTerminal { say("\r\u{1B}[K") }
    }

    private func say(_ text: String) { _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) } }

    /// The report, once it is final: requests that are under way belong to
    /// it.
    private func report(_ id: String, _ running: RunningHoldfast) async throws -> ByteBuffer {
        var answer = try await running.get(AdminPath.drill(id))
        for _ in 0..<100 {
            let drills = try await running.get(AdminPath.drills, as: DrillsView.self)
            answer = try await running.get(AdminPath.drill(id))
            if !drills.running.contains(where: { $0.id == id }) { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        return answer
    }
}

/// `20rps`, `0.5rps` or a number.
struct Rate: ExpressibleByArgument {
    var value: Double

    /// Nil, a usage error, if it is none.
    init?(argument: String) {
        let number = argument.hasSuffix("rps") ? String(argument.dropLast(3)) : argument
        guard let value = Double(number), value > 0, value <= 1000 else { return nil }
        self.value = value
    }
}

/// `60s`, `5m`, or a number of seconds.
struct Seconds: ExpressibleByArgument, CustomStringConvertible {
    var value: Double
    var description: String { "\(Int(value))s" }
    var defaultValueDescription: String { description }

    init(_ value: Double) { self.value = value }

    /// Nil, a usage error, if it is none.
    init?(argument: String) {
        if let duration = Duration(written: argument) {
            value = Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
        } else if let seconds = Double(argument), seconds >= 0 {
            value = seconds
        } else {
            return nil
        }
    }
}
