import Conversation
import Routing

/// The providers of a file, the unusable ones by name only: a route that
/// names one of those is not a second problem.
struct ReadProviders {
    private(set) var usable: [ProviderSettings] = []
    /// Every name that the file gives, right or wrong, in its order.
    private(set) var names: [String] = []
    private var byName: [String: ProviderSettings?] = [:]

    /// Takes the next entry of the file; nil if it is wrong.
    mutating func add(_ name: String, _ provider: ProviderSettings?) {
        names.append(name)
        byName[name] = .some(provider)
        if let provider { usable.append(provider) }
    }

    /// Nil for a name that is not in the file, and a nil inside for one that
    /// is but whose entry is wrong.
    subscript(name: String) -> ProviderSettings?? { byName[name] }
}

/// Reads `providers` and the top-level `engine` and `custody`.
struct ProviderReader {
    private static let common = [
        "dialect", "models", "lab", "host", "region", "context", "timeouts", "max_connections", "capabilities",
        "probes", "model_list", "key_custodian", "contract", "supervision",
    ]
    private static let remote =
        [
            "base_url", "api_key", "credential", "headers", "proxy", "ca_file", "allow", "tls", "flavour", "traits",
            "responses",
        ] + CloudReader.keys
    private static let engine = [
        "model_file", "parallel", "embeddings", "engine", "start_timeout", "custody", "signed", "weights_key", "scrub",
        "egress",
        "logprobs",
    ]

    let notes: Notes
    let folder: String
    /// The whole file.
    let defaults: Section

    func read() -> ReadProviders {
        var providers = ReadProviders()
        let program = EngineReader(notes: notes, folder: folder, section: defaults).program() ?? .launcher(python: nil)
        let custody: EngineProvider.Custody = defaults.choice("custody") ?? .bestEffort
        let levels = SupervisionReader(file: defaults, folder: folder).levels()
        guard let section = defaults.named("providers") else { return providers }
        for entry in section.entries {
            guard isName(entry.key) else {
                notes.error(
                    entry.position,
                    "\(quoted(entry.key)) cannot name a provider; use letters, digits, \".\", \"_\" and \"-\"")
                providers.add(entry.key, nil)
                continue
            }
            let before = notes.errorCount
            var provider = read(entry, in: section, program: program, custody: custody)
            provider?.supervisedModels = levels[entry.key] ?? [:]
            providers.add(entry.key, notes.errorCount == before ? provider : nil)
        }
        return providers
    }

    private func read(
        _ entry: DocumentNode.Entry, in providers: Section, program: EngineProvider.Program,
        custody: EngineProvider.Custody
    ) -> ProviderSettings? {
        let path = providers.path(entry.key)
        guard
            let section = Section(
                entry.value, name: path, keys: Self.common + Self.remote + Self.engine, notes: notes)
        else { return nil }
        guard section.node("dialect") != nil else {
            notes.error(entry.position, "\(path) needs a dialect: \(ProviderDialect.alternatives)")
            return nil
        }
        guard let dialect: ProviderDialect = section.choice("dialect") else { return nil }
        for key in dialect == .engine ? Self.remote : Self.engine where section.node(key) != nil {
            section.error(key, "does not go with dialect \(dialect.rawValue)")
        }
        var unavailable: String?
        var kind: ProviderSettings.Kind?
        var context = section.integer("context", in: 1...100_000_000)
        if dialect == .engine {
            let engine = EngineReader(notes: notes, folder: folder, section: section).read(
                context: context ?? 4096, program: program, custody: custody)
            kind = engine.map { .engine($0) }
            context = context ?? 4096
        } else {
            let remote = RemoteReader(notes: notes, folder: folder, section: section, dialect: dialect).read(
                &unavailable)
            kind = remote.map { .remote($0) }
        }
        if let unavailable {
            notes.warning(entry.position, "provider \"\(entry.key)\" is skipped: \(unavailable)")
        }
        guard let kind else { return nil }
        let isOwn = if case .remote(let remote) = kind { !remote.usesCallersCredential } else { true }
        return ProviderSettings(
            name: entry.key, kind: kind, models: models(section, kind), lab: section.string("lab"),
            host: section.string("host") ?? (dialect == .engine ? "self" : nil),
            region: section.string("region") ?? kind.cloudRegion,
            custodian: section.string("key_custodian"), contract: contract(section), context: context,
            capabilities: section.capabilities(), probes: section.isOn("probes") ?? isOwn,
            modelList: isOwn ? modelList(section) : nil, timeouts: timeouts(section),
            maxConnections: section.integer("max_connections", in: 1...65536) ?? 4096,
            unavailable: unavailable, supervision: section.choice("supervision") ?? .off)
    }

    /// `contract`: a template's name or a file.
    private func contract(_ section: Section) -> String? {
        guard let text = section.string("contract") else { return nil }
        if ContractFile.isPath(text) { return section.path(of: "contract", in: folder, absence: .error) }
        let names = ContractFile.templates.map(\.name)
        guard names.contains(text) else {
            let hint =
                Spelling.closest(to: text, among: names).map { "did you mean \"\($0)\"?" }
                ?? "there are \(names.joined(separator: ", ")), or the path of a file"
            section.error("contract", "is no template: \(quoted(text)); \(hint)")
            return nil
        }
        return text
    }

    /// `model_list`: the period at which it is asked for its models; nil is never.
    private func modelList(_ section: Section) -> Duration? {
        let usual = Duration.seconds(6 * 3600)
        guard section.node("model_list") != nil else { return usual }
        let period: Duration?? = section.value("model_list", "must be off or a time of 1s or more, such as 6h") {
            if $0 == "off" { return .some(nil) }
            return Duration(written: $0).flatMap { $0 >= .seconds(1) ? .some($0) : nil }
        }
        return period ?? usual
    }

    private func models(_ section: Section, _ kind: ProviderSettings.Kind) -> ProviderFacts.Models {
        if let texts = section.list("models") {
            if texts.count == 1, texts[0].value == "any" { return .any }
            for text in texts where text.value.isEmpty { notes.error(text.position, "a model name is empty") }
            guard !texts.isEmpty else {
                section.error("models", "is empty; leave it out if any model may be asked for")
                return .any
            }
            return .listed(texts.map(\.value))
        }
        guard case .engine(let engine) = kind else { return .any }
        let file = engine.modelFile.split(separator: "/").last ?? "model"
        let dot = file.lastIndex(of: ".")
        return .listed([String(dot.map { $0 > file.startIndex ? file[..<$0] : file } ?? file)])
    }

    private func timeouts(_ section: Section) -> UpstreamTimeouts {
        var timeouts = UpstreamTimeouts()
        guard let given = section.section("timeouts", keys: ["connect", "first_byte", "first_token", "idle", "total"])
        else { return timeouts }
        timeouts.connect = given.positiveDuration("connect") ?? timeouts.connect
        timeouts.firstByte = given.positiveDuration("first_byte") ?? timeouts.firstByte
        timeouts.firstToken = given.positiveDuration("first_token")
        timeouts.idle = given.positiveDuration("idle") ?? timeouts.idle
        timeouts.total = given.positiveDuration("total") ?? timeouts.total
        return timeouts
    }
}
