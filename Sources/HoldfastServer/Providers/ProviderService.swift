import Encodings
import Conversation
import CloudCredentials
import Crypto
import Custody
import DialectOpenAI
import EngineHost
import FoundationEssentials
import Gateway
import Glibc
import Ledger
import Logging
import NIOCore
import NIOSSL
import Providers
import Routing
import Settings
import Synchronization

/// Makes providers out of settings, and keeps those that an edit doesn't
/// touch: with them their connections.
final class ProviderService: Sendable {
    private struct Kept {
        let settings: ProviderSettings
        let provider: Provider
        let lane: HTTPLane
        /// The account whose requests are signed; nil where none are.
        let account: CloudAccount?
    }

    private let kept = Mutex<[String: Kept]>([:])
    private let engines: EngineService
    private let eventLoops: [any EventLoop]
    private let runDirectory: RunDirectory
    private let seeds: SeedBlinder
    private let logger: Logger

    init(
        engines: EngineService, eventLoops: [any EventLoop], runDirectory: RunDirectory, seeds: SeedBlinder,
        logger: Logger
    ) {
        self.logger = logger
        self.engines = engines
        self.eventLoops = eventLoops
        self.runDirectory = runDirectory
        self.seeds = seeds
    }

    /// Everything that can go wrong with an edit goes wrong before anything
    /// that runs is touched.
    /// - Throws: ``StartupError``, e.g. for a CA file that can't be read.
    func state(for settings: Settings) async throws(StartupError) -> GatewayState {
        var made: [String: Kept] = [:]
        let known = kept.withLock { $0 }
        for provider in settings.providers where provider.unavailable == nil {
            if let old = known[provider.name], old.settings == provider {
                made[provider.name] = old
            } else {
                let account = try account(of: provider)
                let lane = try lane(for: provider, account)
                made[provider.name] = Kept(
                    settings: provider, provider: try await self.provider(provider, lane, account), lane: lane,
                    account: account)
            }
        }
        let retired = known.filter { $0.value.lane !== made[$0.key]?.lane }
        kept.withLock { $0 = made }
        engines.keep(only: Set(made.keys))
        for old in retired.values { old.lane.retire() }
        return GatewayState(routes: settings.routeTable, providers: made.mapValues(\.provider))
    }

    /// Connections that are open to each provider.
    var openConnections: [String: Int] { kept.withLock { $0.mapValues(\.lane.openConnections) } }

    /// The period at which each provider is asked for its list of models.
    var modelListPeriods: [(name: String, period: Duration)] {
        kept.withLock { kept in
            kept.compactMap { name, provider in provider.settings.modelList.map { (name, $0) } }
        }
    }

    /// Renews the credentials that end soon.
    func renewCredentials() {
        for account in kept.withLock({ $0.values.compactMap(\.account) }) { account.keeper.renew() }
    }

    private func account(of provider: ProviderSettings) throws(StartupError) -> CloudAccount? {
        guard case .remote(let remote) = provider.kind else { return nil }
        return try CloudAccount(remote, of: provider.name, logger)
    }

    // MARK: Lanes

    private func socketPath(of provider: ProviderSettings) -> String {
        EngineConfiguration.socketPath(of: provider.name, in: runDirectory.path)
    }

    /// llama.cpp's server closes a connection after 5 s without a request.
    private static let engineKeepAlive = TimeAmount.seconds(4)

    private func lane(
        for provider: ProviderSettings, _ account: CloudAccount?
    ) throws(StartupError) -> HTTPLane {
        var options: LaneOptions
        switch provider.kind {
        case .remote(let remote):
            options = try Self.options(remote, at: remote.baseURL, of: provider.name, account)
        case .engine:
            options = LaneOptions(
                endpoint: .unix(path: socketPath(of: provider)), authority: "localhost",
                basePath: "/v1")
            options.keepAlive = Self.engineKeepAlive
            options.admit = { [engines, name = provider.name] in engines.admitPeer(of: $0, at: name) }
        }
        options.maxConnections = provider.maxConnections
        return try lane(options, for: provider)
    }

    private func lane(
        _ options: LaneOptions, for provider: ProviderSettings
    ) throws(StartupError) -> HTTPLane {
        var options = options
        options.connectTimeout = provider.timeouts.connect.nio
        options.firstByteTimeout = provider.timeouts.firstByte.nio
        options.idleTimeout = provider.timeouts.idle.nio
        options.totalTimeout = provider.timeouts.total.nio
        do {
            return try HTTPLane(options, eventLoops: eventLoops)
        } catch {
            throw StartupError(.configuration, "provider \(provider.name): TLS can't be set up: \(error)")
        }
    }

    /// The lane to the list of models of a provider that has it at an address of
    /// its own; nil for all others.
    private func modelListLane(
        _ remote: RemoteProvider, of provider: ProviderSettings, _ account: CloudAccount?
    ) throws(StartupError) -> (any ProviderLane)? {
        guard let url = remote.cloud?.controlURL else { return nil }
        var options = try Self.options(remote, at: url, of: provider.name, account)
        options.maxConnections = 4
        let lane = try lane(options, for: provider)
        return account.map { CredentialLane($0.keeper, before: lane) } ?? lane
    }

    private static func options(
        _ remote: RemoteProvider, at url: BaseURL, of name: String, _ account: CloudAccount?
    ) throws(StartupError) -> LaneOptions {
        let isDefaultPort = url.port == (url.isSecure ? 443 : 80)
        let host = url.host.contains(":") ? "[\(url.host)]" : url.host
        var options = LaneOptions(
            endpoint: .tcp(host: url.host, port: url.port), authority: isDefaultPort ? host : "\(host):\(url.port)",
            basePath: url.path)
        if url.isSecure {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.applicationProtocols = ["http/1.1"]
            tls.minimumTLSVersion = remote.minimumTLS.version
            if let file = remote.caFile {
                guard access(file, R_OK) == 0 else {
                    throw StartupError(.missingFile, "provider \(name): ca_file \(file) can't be read")
                }
                tls.trustRoots = .file(file)
            }
            options.tls = tls
        }
        let spoken = RemoteDialect(remote)
        options.signer = spoken.signer(remote, account)
        options.defaultFields = spoken.dialect.defaultFields
        for header in remote.headers { options.fields.append((header.name.lowercased(), header.value.reveal())) }
        if remote.cloud != nil, !remote.headers.contains(where: { $0.name.lowercased() == "accept" }) {
            // InvokeModel refuses a list of types.
            options.fields.append(("accept", "application/json"))
        }
        if let proxy = remote.proxy {
            options.proxy = .init(
                host: proxy.host, port: proxy.port,
                authorization: proxy.credentials.map { "Basic " + Data($0.reveal().utf8).base64EncodedString() })
        }
        return options
    }

    // MARK: Providers

    private func provider(
        _ settings: ProviderSettings, _ lane: HTTPLane, _ account: CloudAccount?
    ) async throws(StartupError) -> Provider {
        let clock: @Sendable () -> Int = { time(nil) }
        switch settings.kind {
        case .remote(let remote):
            let spoken = RemoteDialect(remote)
            var terms = ProviderTerms()
            terms.host = Self.host(remote)
            terms.credential = Self.credential(remote, account)
            terms.modelListLane = try modelListLane(remote, of: settings, account)
            terms.hasModelList = remote.cloud.map { $0.controlURL != nil } ?? true
            terms.firstToken = settings.timeouts.firstToken
            terms.firstByte = settings.timeouts.firstByte
            terms.mayBeProbed = settings.probes
            terms.usesCallersCredential = remote.usesCallersCredential
            terms.secrets = ProviderSecrets.mask(remote)
            terms.choices = remote.usesCallersCredential ? remote.choices.union(.account) : remote.choices
            terms.pinned = Self.pinned(remote)
            return Provider(
                name: settings.name, dialect: spoken.dialect, furtherDialects: spoken.further,
                lane: account.map { CredentialLane($0.keeper, before: lane) } ?? lane,
                abilities: ProviderAbilities(
                    embeddings: spoken.embeddings, tokenCounts: spoken.tokenCounts, compactions: spoken.compactions),
                terms: terms)
        case .engine(let engine):
            let configuration = configuration(settings, engine)
            let hosted = await HostedModelNow { [engines] in
                HostedWeights(engine.modelFile).model(
                    settings.name, engine, await engines.signatures(of: configuration))
            }
            engines.whenVerified(settings.name) { await hosted.renew() }
            let supervisor = engines.engine(configuration)
            var root = LaneOptions(endpoint: .unix(path: socketPath(of: settings)), authority: "localhost")
            root.maxConnections = 16
            root.admit = { supervisor.admitPeer(of: $0) }
            root.keepAlive = Self.engineKeepAlive
            root.firstByteTimeout = .seconds(30)
            // Without TLS nothing can fail.
            let counting = try? HTTPLane(root, eventLoops: eventLoops)
            let dialect = EngineDialect(
                maxChoices: engine.parallel, toolCallOpening: { supervisor.status.toolCallOpening },
                blindSeed: { [seeds] in seeds.seed(for: $0) }, now: clock)
            var terms = ProviderTerms()
            terms.hosting = .init(model: { hosted.now }, receipt: { supervisor.receipt?.id })
            return Provider(
                name: settings.name, dialect: dialect,
                lane: EngineLane(engine: supervisor, lane: lane, patience: engine.startTimeout),
                abilities: ProviderAbilities(
                    chat: HostedWeights(engine.modelFile).answers
                        ? .served : .none("its weights are an encoder's, which makes embeddings only"),
                    embeddings: engine.embeddings == nil
                        ? .none("its provider has no `embeddings: mean` in the configuration") : .served(dialect),
                    counter: counting.map { lane in
                        EngineTokenCounter(
                            dialect: dialect,
                            lane: EngineLane(engine: supervisor, lane: lane, patience: engine.startTimeout))
                    }), terms: terms)
        }
    }

    /// Header fields that no caller may send there in the settings' place.
    private static func pinned(_ remote: RemoteProvider) -> Set<String> {
        Set(remote.headers.map { $0.name.lowercased() } + ["authorization", "x-api-key"])
    }

    /// The key under which failures of a host are remembered. It is the address, because everything behind one address
    /// can fail together.
    private static func host(_ remote: RemoteProvider) -> String {
        "\(remote.baseURL.host):\(remote.baseURL.port)"
    }

    /// Tells two values of a key apart without telling the key: 64 bits of
    /// the SHA-256 of a key that has 128 random ones at the least.
    /// - Parameter account: Another key of the same account is no other
    ///   credential: it comes with each hour.
    private static func credential(_ remote: RemoteProvider, _ account: CloudAccount?) -> String {
        var hash = SHA256()
        hash.update(data: Array(host(remote).utf8))
        hash.update(data: Array((account?.identity ?? remote.apiKey?.reveal() ?? "").utf8))
        for header in remote.headers { hash.update(data: Array(header.value.reveal().utf8)) }
        return Hex.encode(hash.finalize().prefix(8))
    }

    private func key(_ engine: EngineProvider) -> KeySource? {
        switch engine.weightsKey {
        case .file(let path): .file(path)
        case .command(let words): .command(words)
        case .descriptor(let variable): .descriptor(variable: variable)
        case nil: nil
        }
    }

    private func custody(_ engine: EngineProvider) -> CustodyDemand {
        switch engine.custody {
        case .required: .required
        case .bestEffort: .bestEffort
        }
    }

    private func configuration(_ settings: ProviderSettings, _ engine: EngineProvider) -> EngineConfiguration {
        let launcher: EngineConfiguration.Launcher =
            switch engine.program {
            case .launcher(let python): .python(interpreter: python ?? runDirectory.house + "/venv/bin/python")
            case .command(let command): .command(command)
            }
        var alias = settings.name
        if case .listed(let models) = settings.models, let first = models.first { alias = first }
        return EngineConfiguration(
            provider: settings.name, launcher: launcher, modelFile: engine.modelFile,
            key: key(engine), signed: engine.signed.map(SignedModelSource.init), custody: custody(engine),
            scrub: engine.scrub, alias: alias,
            context: engine.context, parallel: engine.parallel, embeddings: engine.embeddings != nil,
            runDirectory: runDirectory.path, startTimeout: engine.startTimeout)
    }
}

extension Duration {
    var nio: TimeAmount {
        .nanoseconds(components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000)
    }
}

extension TLSMinimum {
    var version: TLSVersion {
        switch self {
        case .v12: .tlsv12
        case .v13: .tlsv13
        }
    }
}
