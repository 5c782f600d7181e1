import AdminAPI
import Conversation
import EngineHost
import Failures
import Files
import FrontDoor
import Gateway
import Glibc
import NIOCore
import Resilience
import Routing
import Settings
import Telemetry

/// The administrators' resources for models, readiness and metrics.
struct ServerPages {
    let settings: Settings
    let gateway: Gateway
    let engines: EngineService
    let providers: ProviderService
    let registry: PrometheusRegistry

    var all: [AdminDoor.Page] {
        var pages = [
            AdminDoor.Page("/health", needsKey: false) { (200, ByteBuffer(string: #"{"status":"ok"}"#)) },
            AdminDoor.Page("/ready", needsKey: false) {
                let missing = engines.unready
                return (
                    missing.isEmpty ? 200 : 503,
                    ByteBuffer(string: #"{"status":"\#(missing.isEmpty ? "" : "not ")ready"}"#)
                )
            },
            AdminDoor.Page(AdminPath.models) { models() },
        ]
        if settings.metrics.listener == .admin {
            pages.append(
                AdminDoor.Page(
                    "/metrics", type: "text/plain; version=0.0.4; charset=utf-8",
                    needsKey: !settings.metrics.isOpen
                ) { (200, registry.render()) })
        }
        registry.addGauge("process_resident_memory_bytes") { Self.residentBytes() }
        registry.addGauge("holdfast_provider_connections") {
            Double(providers.openConnections.values.reduce(0, +))
        }
        return pages
    }

    private func models() -> ModelsView {
        let routes = gateway.state.routes
        return ModelsView(
            routes: routes.routes.map { route in
                let aliases = routes.aliases.filter { $0.route == route.name }.map(\.pattern)
                return ModelsView.Route(
                    name: route.name, aliases: aliases.isEmpty ? nil : aliases,
                    candidates: route.candidates.map { candidate in
                        .init(
                            provider: candidate.provider, model: candidate.model,
                            health: standing(candidate) ?? health(candidate.provider, candidate.unavailable))
                    })
            },
            providers: routes.providers.map(view))
    }

    private func view(of provider: ProviderFacts) -> ProviderView {
        var view = ProviderView(
            name: provider.name, dialect: provider.dialect.rawValue,
            health: health(provider.name, provider.unavailable))
        view.flavour = provider.flavour?.rawValue
        if provider.flavour != nil, let traits = gateway.state.providers[provider.name]?.dialect.serverTraits {
            view.traits = TraitsView(traits)
        }
        view.lab = provider.lab
        view.host = provider.host
        view.region = provider.region
        view.connections = providers.openConnections[provider.name]
        if case .listed(let models) = provider.models { view.models = models }
        if let status = engines.status(of: provider.name) {
            view.restarts = status.restarts
            view.pid = status.processID.map(Int.init)
        }
        return view
    }

    /// The state by what requests have found out; nil where nothing speaks
    /// against it.
    private func standing(_ candidate: Candidate) -> String? {
        guard candidate.unavailable == nil, let provider = gateway.state.providers[candidate.provider] else {
            return nil
        }
        let continuity = gateway.continuity
        switch continuity.book.standing(of: provider.place(of: candidate.model), now: continuity.now) {
        case .free: return nil
        case .waiting(_, let cause): return cause.rawValue
        case .suspected(let cause, let hold): return "suspected: \(cause.rawValue) (\(hold))"
        case .held(let ground, let hold): return "held: \(ground.rawValue) (\(hold))"
        case .open(_, let cause): return "breaker open: \(cause.rawValue)"
        }
    }

    /// The health as it is known without asking: an engine's is its process's,
    /// and a remote provider is only tried by requests.
    private func health(_ provider: String, _ unavailable: String?) -> String {
        if let unavailable { return "out of service: \(unavailable)" }
        switch engines.status(of: provider)?.state {
        case .ready: return "ready"
        case .starting: return "starting"
        case .failed(let reason, _): return "failed: \(reason)"
        case .stopped: return "stopped"
        case nil: return "configured"
        }
    }

    private static func residentBytes() -> Double {
        let line = (try? WholeFile.readAll("/proc/self/statm", limit: 4096, within: nil)) ?? []
        let pages =
            String(decoding: line, as: UTF8.self).split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }
}

extension TraitsView {
    fileprivate init(_ traits: ServerTraits) {
        self.init(
            tokenLimit: traits.tokenLimit.rawValue, developerRole: traits.takesDeveloperRole,
            laterInstructions: traits.takesLaterInstructions, streamOptions: traits.takesStreamOptions,
            reasoningContent: traits.takesThinkingBack, jsonSchema: traits.takesJSONSchema,
            withoutSampling: traits.withoutSampling.isEmpty
                ? nil : traits.withoutSampling.map { $0.isEmpty ? "*" : "\($0)*" },
            leaveOut: traits.leftOut.isEmpty ? nil : traits.leftOut.sorted())
    }
}
