import UnixSignals
import FrontDoor
import Glibc
package import Ledger
package import LedgerDisk
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
package import Settings
import Telemetry

/// A running witness of other ledgers (C2SP tlog-witness).
package struct WitnessServer {
    private let desk: WitnessService
    private let page: String
    private let sink = LogSink()
    private let logger: Logger

    /// - Parameters:
    ///   - key: the witness's own, shown on its page.
    ///   - logs: the ledgers that it knows.
    package init(_ witness: sending CheckpointWitness, key: VerifierKey, logs: [VerifierKey]) {
        let sink = sink
        LoggingSystem.bootstrap { HoldfastLogHandler(label: $0, sink: sink, format: .human, level: .info) }
        logger = Logger(label: "witness")
        desk = WitnessService(witness, clock: { UInt64(time(nil)) })
        page = "witness \(key.vkey)\n" + logs.map { "log \($0.vkey)\n" }.joined()
    }

    /// Serves until the process is asked to stop.
    /// - Throws: ``StartupError`` when it can't listen.
    package func run(at address: ListenAddress) async throws {
        defer { sink.flush() }
        var quiet = logger
        quiet.logLevel = .error
        let door = WitnessDoor(page: page, largestBody: AddCheckpoint.mostBytes) { [desk, logger] body in
            await Self.answer(Array(body.readableBytesView), desk, logger)
        }
        let group = MultiThreadedEventLoopGroup.singleton
        let service = door.service(host: address.host, port: address.port, group: group, logger: quiet) {
            [logger] channel in
            logger.info("listening", metadata: ["on": "\(channel.localAddress.map { "\($0)" } ?? "\(address)")"])
        }
        let end = LatestEnd(drain: .seconds(10)) { nil }
        var configuration = ServiceGroupConfiguration(
            services: [end.afterRequests, service].map { .init(service: $0) },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
        configuration.maximumGracefulShutdownDuration = .seconds(10)
        end.begin()
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch is CancellationError {
        } catch let error as IOError {
            throw StartupError(
                .unavailable, "can't listen on \(address): \(String(cString: strerror(error.errnoCode)))")
        }
    }

    private static func answer(_ body: [UInt8], _ desk: WitnessService, _ logger: Logger) async -> WitnessDoor.Answer {
        do throws(LedgerProblem) {
            let answer = try await desk.answer(body)
            switch answer {
            case .cosigned(let checkpoint, _):
                logger.info("cosigned", metadata: ["log": "\(checkpoint.origin)", "entries": "\(checkpoint.size)"])
            // It was signed by the log: somebody should look.
            case .inconsistent(let why):
                logger.error("a log contradicts itself; not cosigned", metadata: ["problem": "\(why)"])
            case .malformed, .unsigned, .unknownLog, .otherSize: break
            }
            return WitnessDoor.Answer(status: answer.status, type: answer.contentType, body: answer.body)
        } catch {
            logger.error("nothing can be cosigned", metadata: ["problem": "\(error)"])
            return WitnessDoor.Answer(
                status: 500, type: "text/plain; charset=utf-8", body: "the witness can't remember anything now\n")
        }
    }
}
