import Custody
import EngineHost
import Extraction
import Gateway
import Settings
import Synchronization
import Veto
import WeightSigning

/// The evidence about models that Holdfast hosts: their engines, weights,
/// receipts and epochs.
final class HostedEvidence: Sendable {
    private struct Restarts {
        var counted: Int
        /// By the boot clock.
        var times: [UInt64] = []
    }

    private struct Epoch {
        var value: HostedFacts.Epoch
        var looked: UInt64
    }

    private struct Memory {
        var restarts: [String: Restarts] = [:]
        /// The reason of the last start that was refused, by provider.
        var refusals: [String: String] = [:]
        /// Changes that no round has seen yet, in seconds since 1970.
        var changes: [String: Int] = [:]
        var epochs: [String: Epoch] = [:]
    }

    /// Restarts that are remembered of one engine.
    private static let mostRestarts = 2_000
    /// Seconds between two looks at a custody statement.
    private static let epochEvery: UInt64 = 15

    private let gateway: Gateway
    private let engines: EngineService
    private let custody: CustodyService
    private let settings: CurrentSettings
    private let memory = Mutex(Memory())

    init(gateway: Gateway, engines: EngineService, custody: CustodyService, settings: CurrentSettings) {
        self.gateway = gateway
        self.engines = engines
        self.custody = custody
        self.settings = settings
    }

    /// Notes what happens between two looks: an engine may be up again before
    /// the next one.
    func note(_ event: CustodyEvent) {
        memory.withLock { memory in
            switch event {
            case .refused(let provider, let problem):
                switch problem.kind {
                case .mismatch, .notPlain, .manifest, .quarantine: memory.refusals[provider] = problem.what
                case .missing, .format, .encryption, .system, .engine: break
                }
            case .loaded(let receipt): memory.refusals[receipt.provider] = nil
            case .changed(let change): memory.changes[change.provider] = change.time
            case .verified, .impostor: break
            }
        }
    }

    /// Looks at the engines, once a round.
    func look(at now: VetoTime) {
        let running = engines.supervisors.map { ($0.provider, $0.engine.status.restarts) }
        memory.withLock { memory in
            for (provider, count) in running {
                var known = memory.restarts[provider] ?? Restarts(counted: count)
                // Another process's count begins anew.
                let more = count - (count < known.counted ? 0 : known.counted)
                known.times += Array(repeating: now.boot, count: max(0, min(more, Self.mostRestarts)))
                known.times = known.times.suffix(Self.mostRestarts)
                known.counted = count
                memory.restarts[provider] = known
            }
        }
    }

    /// Forgets the changes that this round has seen.
    func forgetChanges() { memory.withLock { $0.changes.removeAll() } }

    /// - Returns: nil for models that others host.
    func facts(of provider: String, at now: VetoTime) async -> HostedFacts? {
        guard let engine = engines.supervisors.first(where: { $0.provider == provider })?.engine else { return nil }
        let epoch = await epoch(of: provider, at: now)
        let known = memory.withLock { memory in
            (memory.restarts[provider]?.times ?? [], memory.refusals[provider], memory.changes[provider])
        }
        var weights: HostedFacts.Weights
        switch custody.standing(of: provider) {
        case .trusted: weights = .trusted
        case .suspect(let since): weights = .changed(since: since)
        case .quarantined(let since): weights = .quarantined(since: since)
        }
        // A change is seen once, however fast they were loaded anew.
        if let change = known.2 { weights = .changed(since: max(change, engine.receipt?.time ?? change)) }
        var facts = HostedFacts(
            engine: HostedFacts.Engine(engine.state), weights: weights, refusal: known.1,
            receipt: engine.receipt.map { receipt in
                HostedFacts.Receipt(
                    id: receipt.id, time: receipt.time, epoch: receipt.epoch,
                    missing: receipt.missing.map(\.name.rawValue), isScrubbedWhole: receipt.isScrubbedWhole)
            }, epoch: epoch, restarts: known.0)
        facts.isGuarded = gateway.state.providers[provider]?.hosted?.egressPerDay != nil
        return facts
    }

    private func epoch(of provider: String, at now: VetoTime) async -> HostedFacts.Epoch {
        if let known = memory.withLock({ $0.epochs[provider] }),
            now.boot < known.looked + Self.epochEvery * 1_000_000_000
        {
            return known.value
        }
        let value = await newestEpoch(of: provider)
        memory.withLock { $0.epochs[provider] = Epoch(value: value, looked: now.boot) }
        return value
    }

    private func newestEpoch(of provider: String) async -> HostedFacts.Epoch {
        guard let own = settings.now.providers.first(where: { $0.name == provider }),
            case .engine(let engine) = own.kind,
            let signed = engine.signed, signed.terms != nil
        else { return .none }
        let model = engines.supervisors.first { $0.provider == provider }?.engine.model ?? provider
        guard let terms = await custody.signed.standing(SignedModelSource(signed), model: model)?.terms else {
            return .unverified
        }
        return .newest(terms.epoch)
    }
}

extension HostedFacts.Engine {
    init(_ state: EngineState) {
        switch state {
        case .ready: self = .ready
        case .starting: self = .starting
        case .stopped: self = .stopped
        case .failed(let reason, _): self = .failed(reason)
        }
    }
}
