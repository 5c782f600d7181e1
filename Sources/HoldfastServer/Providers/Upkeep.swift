import Gateway
import Logging
import NIOCore
import Resilience
import Routing
import ServiceLifecycle
import Synchronization

/// The upkeep that no request asks for: holds are probed, standbys are kept warm, and providers are asked for the
/// models that they will retire.
struct Upkeep: Service {
    let gateway: Gateway
    let providers: ProviderService
    let logger: Logger
    let executor: EventLoopTaskExecutor

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await every(.milliseconds(250)) { probe() } }
                group.addTask { await every(.seconds(1)) { await onLoop { await gateway.keepWarm(on: executor) } } }
                group.addTask { await every(.seconds(1)) { providers.renewCredentials() } }
                group.addTask { await readModelLists() }
            }
        }
        await gateway.endProbes()
    }

    private func every(_ period: Duration, _ work: () async -> Void) async {
        while !Task.isCancelled {
            await work()
            try? await Task.sleep(for: period)
        }
    }

    private func onLoop(_ work: () async -> Void) async {
        await withTaskExecutorPreference(executor) { await work() }
    }

    /// Begins the probes that are due later; probes that verdicts require begin together with the verdict. Does not
    /// wait for the probes, so one that gets no answer delays no other.
    private func probe() {
        if !gateway.continuity.book.isQuiet { gateway.forgetReturns() }
        gateway.startDueProbes(on: executor)
    }

    // MARK: Announced retirements

    private func readModelLists() async {
        var read: [String: ContinuousClock.Instant] = [:]
        await every(.seconds(1)) {
            let now = ContinuousClock.now
            for (name, period) in providers.modelListPeriods where read[name].map({ $0 + period <= now }) ?? true {
                read[name] = now
                await onLoop {
                    for (provider, announcement) in await gateway.readModelList(of: name, on: executor) {
                        tell(provider, announcement)
                    }
                }
            }
        }
    }

    /// Announces a retirement, but only of models that a route uses.
    private func tell(_ provider: String, _ announcement: Announcement) {
        let routes = gateway.state.routes
        let users = routes.routes.filter { route in
            route.candidates.contains { $0.provider == provider && $0.model == announcement.model }
        }
        guard !users.isEmpty else { return }
        var metadata: Logger.Metadata = [
            "provider": "\(provider)", "model": "\(announcement.model)", "retires": "\(announcement.retires)",
            "routes": "\(users.map(\.name).joined(separator: ", "))",
        ]
        if let successor = announcement.successor {
            metadata["successor"] = "\(provider)/\(successor)"
            if case .direct = routes.resolve("\(provider)/\(successor)") {
            } else {
                metadata["successor_resolves"] = "no"
            }
        }
        logger.warning("a provider will retire a model that routes rely on", metadata: metadata)
    }
}
