import Access
import DialectOpenAI
import Drills
import Failures
import Gateway
import Glibc
import Logging
import NIOCore
import ServiceLifecycle
import Storage
import Synchronization
import Wire

/// Runs drills: makes the requests that were ordered, ends what is over and
/// keeps the reports.
struct DrillRunner: Service {
    let gateway: Gateway
    let reports: any DrillReports
    let events: ServerEvents
    let logger: Logger
    let executors: [EventLoopTaskExecutor]

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                var loads: [String: Load] = [:]
                // Nothing to do, and no timer, while there is no drill.
                for await _ in gateway.drills.begun {
                    while !Task.isCancelled, !gateway.drills.all.isEmpty {
                        for rehearsal in gateway.drills.all { await advance(rehearsal, &loads, &group) }
                        try? await Task.sleep(for: .milliseconds(20))
                    }
                }
            }
        }
        // The process ends: nothing is pulled any more, and it is on record.
        for rehearsal in gateway.drills.all { await finish(rehearsal) }
    }

    private func advance(
        _ rehearsal: Rehearsal, _ loads: inout [String: Load], _ group: inout DiscardingTaskGroup
    ) async {
        rehearsal.tick()
        if loads[rehearsal.order.id] == nil { events.send(.drillBegan(rehearsal.report)) }
        let load = loads[rehearsal.order.id] ?? Load(rehearsal.order)
        loads[rehearsal.order.id] = load
        if rehearsal.phase == .over {
            // What is under way still belongs to it.
            guard load.isIdle else { return }
            loads[rehearsal.order.id] = nil
            return await finish(rehearsal)
        }
        for _ in 0..<load.due() {
            let executor = executors.randomElement()!
            group.addTask { await request(rehearsal, load, on: executor) }
        }
    }

    private func finish(_ rehearsal: Rehearsal) async {
        await gateway.endDrill(rehearsal) { report in await keep(report) }
    }

    private func keep(_ report: DrillReport) async {
        events.send(.drillEnded(report))
        do throws(StorageError) {
            try await reports.saveDrill(
                StoredDrill(id: report.order.id, started: report.started, report: String(buffer: report.json)))
        } catch {
            logger.error("the drill's report can't be kept", metadata: ["problem": "\(error.message)"])
        }
        logger.notice(
            "drill ended",
            metadata: [
                "drill": "\(report.order.id)", "route": "\(report.order.route)", "pulled": "\(report.order.pulled)",
                "as": "\(report.order.word)", "end": "\(report.end?.rawValue ?? "")",
                "verdict": "\(report.verdict.rawValue)",
            ])
    }

    // MARK: Requests of its own

    private func request(_ rehearsal: Rehearsal, _ load: Load, on executor: EventLoopTaskExecutor) async {
        let number = load.began()
        defer { load.ended() }
        // Three of four are streams: what is cut in the middle is the point.
        let isStream = number % 4 != 3
        var json = JSONWriter()
        json.object { json in
            json.member("model", rehearsal.order.route)
            json.array("messages") { json in
                json.object { json in
                    json.member("role", "user")
                    json.member("content", "Count from 1 to 30 in words, separated by commas.")
                }
            }
            json.member("max_tokens", 64)
            if isStream { json.member("stream", true) }
        }
        let call = Call(
            id: "drill_\(rehearsal.order.id)_\(number)", operation: .chat, door: OpenAIDialect(now: { time(nil) }),
            principal: .drill(rehearsal.order.id), body: json.buffer, executor: executor, arrived: .now())
        let task = Task(executorPreference: executor) { [gateway] in await gateway.serve(call, reply: Listener()) }
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }

    /// The load of a drill: the number of requests that are due, and of those that are in progress.
    private final class Load: Sendable {
        private let rate: Double
        private let start = ContinuousClock.now
        private let counts = Mutex((asked: 0, underWay: 0))
        /// At full load a dead route shall not eat the machine.
        private static let mostUnderWay = 512

        init(_ order: DrillOrder) { rate = order.rate ?? 0 }

        var isIdle: Bool { counts.withLock { $0.underWay == 0 } }

        func due() -> Int {
            guard rate > 0 else { return 0 }
            let passed = start.duration(to: .now)
            let seconds = Double(passed.components.seconds) + Double(passed.components.attoseconds) * 1e-18
            return counts.withLock { counts in
                let due = min(Int(rate * seconds) - counts.asked, Self.mostUnderWay - counts.underWay)
                guard due > 0 else { return 0 }
                counts.asked += due
                counts.underWay += due
                return due
            }
        }

        private let numbers = Mutex(0)

        func began() -> Int {
            numbers.withLock { number in
                defer { number += 1 }
                return number
            }
        }

        func ended() { counts.withLock { $0.underWay -= 1 } }
    }

    /// A caller that takes everything and keeps nothing.
    // Used by one task, in order.
    private final class Listener: CallerReply, @unchecked Sendable {
        private(set) var hasBegun = false
        let isCutOff = false
        func send(_ head: ResponseHead, body: ByteBuffer) { hasBegun = true }
        func begin(_ head: ResponseHead) { hasBegun = true }
        func write(_ bytes: ByteBuffer) async throws { try Task.checkCancellation() }
        func finish() {}
        func abort() {}
    }
}
