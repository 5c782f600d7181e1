import Conversation
import DialectOpenAI
import EngineHost
import Failures
import FrontDoor
import Gateway
import Glibc
import NIOCore
import Resilience
import Routing
import Settings
import Telemetry
import Wire

/// What the admin listener shows.
struct AdminPages {
    let house: House

    var all: [AdminDoor.Page] {
        var pages = [
            AdminDoor.Page("/health", needsKey: false) { (200, ByteBuffer(string: #"{"status":"ok"}"#)) },
            AdminDoor.Page("/ready", needsKey: false) { [house] in
                let missing = house.engines.unready
                return (
                    missing.isEmpty ? 200 : 503,
                    ByteBuffer(string: #"{"status":"\#(missing.isEmpty ? "" : "not ")ready"}"#)
                )
            },
            AdminDoor.Page("/admin/models") { [house] in (200, Self.models(house)) },
        ]
        if house.settings.metrics.listener == .admin {
            pages.append(
                AdminDoor.Page(
                    "/metrics", type: "text/plain; version=0.0.4; charset=utf-8",
                    needsKey: !house.settings.metrics.isOpen
                ) { [house] in (200, house.registry.render()) })
        }
        house.registry.addGauge("process_resident_memory_bytes") { Self.residentBytes() }
        house.registry.addGauge("holdfast_provider_connections") { [house] in
            Double(house.providers.openConnections.values.reduce(0, +))
        }
        return pages
    }

    private static func models(_ house: House) -> ByteBuffer {
        let routes = house.gateway.state.routes
        var json = JSONWriter()
        json.object { json in
            json.array("routes") { json in
                for route in routes.routes {
                    json.object { json in
                        json.member("name", route.name)
                        let aliases = routes.aliases.filter { $0.route == route.name }
                        if !aliases.isEmpty {
                            json.array("aliases") { json in for alias in aliases { json.value(alias.pattern) } }
                        }
                        json.array("candidates") { json in
                            for candidate in route.candidates { write(candidate, house, &json) }
                        }
                    }
                }
            }
            json.array("providers") { json in
                for provider in routes.providers {
                    json.object { json in
                        json.member("name", provider.name)
                        json.member("dialect", provider.dialect.rawValue)
                        json.member("flavour", ifPresent: provider.flavour?.rawValue)
                        if provider.flavour != nil,
                            let dialect = house.gateway.state.providers[provider.name]?.dialect as? OpenAIDialect
                        {
                            json.object("traits") { Self.write(dialect.traits, &$0) }
                        }
                        json.member("lab", ifPresent: provider.lab)
                        json.member("host", ifPresent: provider.host)
                        json.member("region", ifPresent: provider.region)
                        json.member("health", health(provider.name, provider.unavailable, house))
                        json.member("connections", ifPresent: house.providers.openConnections[provider.name])
                        if case .listed(let models) = provider.models {
                            json.array("models") { json in for model in models { json.value(model) } }
                        }
                        if let status = house.engines.status(of: provider.name) {
                            json.member("restarts", status.restarts)
                            json.member("pid", ifPresent: status.processID.map(Int.init))
                        }
                    }
                }
            }
        }
        return json.buffer
    }

    private static func write(_ candidate: Candidate, _ house: House, _ json: inout JSONWriter) {
        json.object { json in
            json.member("provider", candidate.provider)
            json.member("model", candidate.model)
            json.member(
                "health", standing(candidate, house) ?? health(candidate.provider, candidate.unavailable, house))
        }
    }

    /// Under the names that the settings give them.
    private static func write(_ traits: ServerTraits, _ json: inout JSONWriter) {
        json.member("token_limit", traits.tokenLimit.rawValue)
        json.member("developer_role", traits.takesDeveloperRole)
        json.member("later_instructions", traits.takesLaterInstructions)
        json.member("stream_options", traits.takesStreamOptions)
        json.member("reasoning_content", traits.takesThinkingBack)
        json.member("json_schema", traits.takesJSONSchema)
        if !traits.withoutSampling.isEmpty {
            json.array("without_sampling") { json in
                for prefix in traits.withoutSampling { json.value(prefix.isEmpty ? "*" : "\(prefix)*") }
            }
        }
        if !traits.leftOut.isEmpty {
            json.array("leave_out") { json in for name in traits.leftOut.sorted() { json.value(name) } }
        }
    }

    /// What requests have found out; nil where nothing speaks against it.
    private static func standing(_ candidate: Candidate, _ house: House) -> String? {
        guard candidate.unavailable == nil, let provider = house.gateway.state.providers[candidate.provider] else {
            return nil
        }
        let continuity = house.gateway.continuity
        switch continuity.book.standing(of: provider.place(of: candidate.model), now: continuity.now) {
        case .free: return nil
        case .waiting(_, let cause): return cause.rawValue
        case .suspected(let cause, let hold): return "suspected: \(cause.rawValue) (\(hold))"
        case .held(let ground, let hold): return "held: \(ground.rawValue) (\(hold))"
        case .open(_, let cause): return "breaker open: \(cause.rawValue)"
        }
    }

    /// What can be known without asking: whether an engine answers, whether
    /// a provider has its key. A remote provider is only tried by requests.
    private static func health(_ provider: String, _ unavailable: String?, _ house: House) -> String {
        if let unavailable { return "out of service: \(unavailable)" }
        switch house.engines.status(of: provider)?.state {
        case .ready: return "ready"
        case .starting: return "starting"
        case .failed(let reason, _): return "failed: \(reason)"
        case .stopped: return "stopped"
        case nil: return "configured"
        }
    }

    private static func residentBytes() -> Double {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, 128, file) != nil else { return 0 }
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }
}
